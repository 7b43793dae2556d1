import { expect, test } from "vitest";
import { histogramOf, sharedHistogramOf } from "./histogram.ts";

test("edges are round and every value is held", () => {
  expect(histogramOf([0, 0.1, 0.2, 1])).toEqual({
    edges: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    counts: [1, 1, 1, 0, 0, 0, 0, 0, 0, 1],
  });
  const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 37);
  const { edges, counts } = histogramOf(values);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
  expect(edges[0]).toBeLessThanOrEqual(Math.min(...values));
  expect(edges.at(-1)).toBeGreaterThanOrEqual(Math.max(...values));
});

test("a value that is an edge is in the bin that begins with it", () => {
  const values = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  expect(sharedHistogramOf([values, [1]], 10)).toEqual({
    edges: [...values, 1],
    counts: [values.map(() => 1), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  });
});

test("equal values have a bin, no values have none, and what is not finite is not counted", () => {
  expect(histogramOf([3, 3]).counts).toEqual([2]);
  expect(histogramOf([])).toEqual({ edges: [], counts: [] });
  expect(sharedHistogramOf([[0.92, Number.NaN], [0.31, Infinity], []], 3)).toEqual({
    edges: [0.2, 0.4, 0.6, 0.8, 1],
    counts: [
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  });
  expect(sharedHistogramOf([[Number.NaN]], 3)).toEqual({ edges: [], counts: [[]] });
});
