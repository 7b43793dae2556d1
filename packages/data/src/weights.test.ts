import { expect, test } from "vitest";
import { expandPositives } from "./examples.ts";
import type { Row } from "./row.ts";

const rowsOf = (count: number, weight?: number, positives = ["p"]): Row[] =>
  Array.from({ length: count }, (_, i) => ({
    anchor: `${weight}-${i}`,
    positives,
    negatives: [],
    ...(weight !== undefined && { weight }),
  }));
const met = (rows: Row[], epoch: number, seed = 1): number[] =>
  expandPositives(rows, "rotate", { seed, epoch }).map(({ rowIndex }) => rowIndex);

test("whole weights repeat a row in every epoch, in row order", () => {
  expect(met([...rowsOf(2), ...rowsOf(1, 3)], 5)).toEqual([0, 1, 2, 2, 2]);
});

test.each([0.25, 0.4, 1.5, 2.75, 1 / 3])(
  "weight %f: evenly over the epochs, each row as often as another, epochs of equal size",
  (weight) => {
    const rows = rowsOf(40, weight);
    const times = new Map<number, number>();
    for (let epoch = 0; epoch < 60; epoch++) {
      const epochRows = met(rows, epoch);
      expect(Math.abs(epochRows.length - 40 * weight)).toBeLessThanOrEqual(1);
      for (const row of epochRows) times.set(row, (times.get(row) ?? 0) + 1);
    }
    for (const row of rows.keys()) expect(Math.abs(times.get(row)! - 60 * weight)).toBeLessThan(1);
  },
);

test("which rows come is drawn by the seed, the same for the same seed", () => {
  const rows = rowsOf(40, 0.5);
  expect(met(rows, 3)).toEqual(met(rows, 3));
  expect(met(rows, 3)).not.toEqual(met(rows, 4));
  expect(met(rows, 3)).not.toEqual(met(rows, 3, 2));
});

test("each kind of weight has its own share, and rows without a weight come once", () => {
  const rows = [...rowsOf(10), ...rowsOf(20, 0.5), ...rowsOf(10, 2)];
  const [plain, half, double] = [
    met(rows, 0).filter((row) => row < 10),
    met(rows, 0).filter((row) => row >= 10 && row < 30),
    met(rows, 0).filter((row) => row >= 30),
  ];
  expect([plain.length, half.length, double.length]).toEqual([10, 10, 20]);
});

test("positives go by turns over the occurrences, not the epochs", () => {
  const [row] = rowsOf(1, 2, ["p", "q", "r"]);
  const positives = [0, 1, 2].map((epoch) => expandPositives([row], "rotate", { seed: 1, epoch }).map(({ positive }) => positive));
  expect(positives).toEqual([
    ["p", "q"],
    ["r", "p"],
    ["q", "r"],
  ]);
});
