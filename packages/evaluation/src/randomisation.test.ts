import { expect, test } from "vitest";
import { randomisationTest } from "./randomisation.ts";

test("with few queries it is the exact count of sign flips", () => {
  // differences 1, 2, 3: of the 8 signs, 2 reach a sum of 6, and 4 reach 4
  expect(randomisationTest([0, 0, 0], [1, 2, 3], { seed: 1, samples: 40_000 })).toBeCloseTo(2 / 8, 2);
  expect(randomisationTest([0, 1, 0], [-1, -1, 3], { seed: 1, samples: 40_000 })).toBeCloseTo(1, 2);
});

test("equal lists never differ; a shift of every query always does; one seed, one value", () => {
  const values = Array.from({ length: 50 }, (_, i) => Math.sin(i));
  expect(randomisationTest(values, values, { seed: 1 })).toBe(1);
  const shifted = values.map((value) => value + 0.1);
  expect(randomisationTest(values, shifted, { seed: 1 })).toBeLessThan(0.001);
  expect(randomisationTest(values, [...values].reverse(), { seed: 3 })).toBe(randomisationTest(values, [...values].reverse(), { seed: 3 }));
});

test("lists that do not pair are refused", () => {
  expect(() => randomisationTest([1], [1, 2], { seed: 1 })).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
});
