import { expect, test } from "vitest";
import { findGolden, flatten, flattenInputs, readGolden, shapeOfNested } from "./golden.ts";

test("a file that is nowhere is skipped with a reason", () => {
  const skipped = (reason: string): never => {
    throw new Error(reason);
  };
  expect(() => readGolden("ops/none.json", skipped)).toThrow(
    "golden file ops/none.json is neither in fixtures/golden nor in ../shared/golden",
  );
  expect(findGolden("ops/softmax.json").path).toContain("fixtures");
});

test("nested lists become numbers and a shape", () => {
  const nested = [
    ["NaN", 1],
    [2, "-Infinity"],
  ];
  expect(flatten(nested)).toEqual([NaN, 1, 2, -Infinity]);
  expect(shapeOfNested(nested)).toEqual([2, 2]);
  expect(shapeOfNested(3)).toEqual([]);
});

test("inputs go back to the grid they were taken from, others stay", () => {
  expect(flattenInputs([0.162109375, 1000.12305, 0.1])).toEqual([0.162109375, 1000.123046875, 0.1]);
});
