import { expect, test } from "vitest";
import { bootstrapDifference } from "./bootstrap.ts";

const base = Array.from({ length: 200 }, (_, i) => ((i * 37) % 100) / 100);

test("a constant gain has an interval of no width", () => {
  const tuned = base.map((value) => value + 0.25);
  const { mean, low, high } = bootstrapDifference(base, tuned, { seed: 1, samples: 200 });
  for (const value of [mean, low, high]) expect(value).toBeCloseTo(0.25, 12);
});

test("the interval agrees with the normal approximation, and the seed decides", () => {
  const tuned = base.map((value, i) => value + (i % 2 === 0 ? 0.3 : -0.1)); // mean 0.1, standard deviation 0.2
  const interval = bootstrapDifference(base, tuned, { seed: 1 });
  const half = (1.96 * 0.2) / Math.sqrt(200);
  expect(interval.mean).toBeCloseTo(0.1, 12);
  expect(interval.low).toBeCloseTo(0.1 - half, 2);
  expect(interval.high).toBeCloseTo(0.1 + half, 2);
  expect(bootstrapDifference(base, tuned, { seed: 1 })).toEqual(interval);
  expect(bootstrapDifference(base, tuned, { seed: 2 })).not.toEqual(interval);
  expect(bootstrapDifference(base, tuned, { seed: 1, confidence: 0.5 }).low).toBeGreaterThan(interval.low);
});

test("lists that do not pair are an error", () => {
  expect(() => bootstrapDifference([1], [1, 2], { seed: 1 })).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
  expect(() => bootstrapDifference([], [], { seed: 1 })).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
});
