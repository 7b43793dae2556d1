import { expect, test } from "vitest";
import { countBins, histogram, scaleOf } from "./histogram.ts";

test("the scale ends on round numbers around all scores", () => {
  const scale = scaleOf([{ right: [0.92, Number.NaN], wrong: [0.31] }])!;
  expect(scale.low).toBeCloseTo(0.3, 12);
  expect(scale.low + 40 * scale.width).toBeCloseTo(1, 12);
  expect(scaleOf([{ right: [Number.NaN], wrong: [] }])).toBeUndefined();
});

test("every finite score is in one bin, the highest in the last", () => {
  const counts = countBins([0, 0.01, 0.5, 1, Number.NaN], { low: 0, width: 1 / 40 });
  expect(counts.reduce((sum, count) => sum + count)).toBe(4);
  expect([counts[0], counts[20], counts[39]]).toEqual([2, 1, 1]);
});

test("a single score still has a width", () => {
  const scale = scaleOf([{ right: [0.5], wrong: [0.5] }])!;
  expect(scale.width).toBeGreaterThan(0);
  expect(histogram("After", { right: [0.5], wrong: [0.5] }, scale)).not.toMatch(/NaN|Infinity/);
});
