import { expect, it } from "vitest";
import { parameterOf, referenceEngine } from "../../test/engine.ts";
import { valuesOf } from "../reference/memory.ts";
import { div } from "./binary.ts";
import { sum } from "./reduce.ts";

it("divides by numbers whose squares are no floats", () => {
  const engine = referenceEngine("f32");
  const a = parameterOf(engine, "a", [3], { values: [0, 1e-30, 1e30] });
  const b = parameterOf(engine, "b", [3], { values: [1e-25, 1e-25, 1e25] });
  engine.scope(() => engine.backward(sum(div(a.value, b.value))));
  const [ofNothing, small, large] = valuesOf(b.gradient!);
  expect(ofNothing).toBeCloseTo(0, 12);
  expect(small / -1e20).toBeCloseTo(1, 5);
  expect(large / -1e-20).toBeCloseTo(1, 5);
});
