import { expect, test } from "vitest";
import { expectClose } from "./expect-close.ts";
import { toleranceOf, tolerances, widened } from "./tolerances.ts";

const tolerance = { absolute: 1e-3, relative: 1e-2 };

test("values within absolute + relative · |reference| pass; NaN equals NaN, infinities themselves", () => {
  expectClose([1, 100.9, NaN, Infinity, -Infinity, 0.0009], [1, 100, NaN, Infinity, -Infinity, 0], tolerance);
});

test("the message names the worst element and how many are wrong", () => {
  const compare = (): void => expectClose([1, 2, 3, 5], [1, 2.1, 3, 4], tolerance, { name: "dx", shape: [2, 2] });
  expect(compare).toThrow("dx[1 1]: expected 4, got 5; off by 1.00e+0, allowed 4.10e-2; 2 of 4 elements are wrong");
});

test.each([
  [NaN, 1],
  [1, NaN],
  [Infinity, 1],
  [Infinity, -Infinity],
  [1, Infinity],
])("%s is not close to %s", (got, ref) => {
  expect(() => expectClose([got], [ref], { absolute: 1e300, relative: 1 })).toThrow("values[0]");
});

test("another length is an error", () => {
  expect(() => expectClose([1], [1, 2], tolerance)).toThrow("values: expected 2 elements, got 1");
});

test("tolerances grow with the root of the terms", () => {
  expect(toleranceOf("f32", 100).absolute).toBeCloseTo(10 * tolerances.f32.absolute, 12);
  expect(toleranceOf("f32", 0)).toEqual(tolerances.f32);
  expect(widened({ absolute: 1, relative: 2 }, 3)).toEqual({ absolute: 3, relative: 6 });
});
