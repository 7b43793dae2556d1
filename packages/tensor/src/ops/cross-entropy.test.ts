import { expect, it } from "vitest";
import { parameterOf, referenceEngine } from "../../test/engine.ts";
import { valuesOf } from "../reference/memory.ts";
import { softmaxCrossEntropy } from "./cross-entropy.ts";
import { softmax } from "./softmax.ts";

it("gives no gradient to the target of an excluded class, nor by way of it", () => {
  const engine = referenceEngine();
  const [student, teacher] = [engine, engine].map((_, i) =>
    parameterOf(engine, `scores ${i}`, [2, 3], { values: [1, -Infinity, 2 + i, 0, 1, -Infinity] }),
  );
  engine.scope(() => {
    const losses = softmaxCrossEntropy(student.value, softmax(teacher.value));
    engine.backward(losses, { cotangent: engine.from([1, 0]) });
  });
  const gradient = Array.from(valuesOf(teacher.gradient!));
  expect(gradient.every(Number.isFinite), String(gradient)).toBe(true);
  expect([gradient[1], gradient[5]].map(Math.abs)).toEqual([0, 0]);
  expect(gradient[0]).toBeCloseTo(-gradient[2], 12);
  expect(Math.abs(gradient[0])).toBeGreaterThan(0.01);
});
