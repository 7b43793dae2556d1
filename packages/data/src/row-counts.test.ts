import { expect, test } from "vitest";
import { countRows } from "./row-counts.ts";
import type { Row } from "./row.ts";

const row = (more: Partial<Row> = {}): Row => ({ anchor: "a", positives: ["p"], negatives: [], ...more });

test.each([
  { what: "none", rows: [], counts: { rows: 0, labelled: 0, withNegatives: 0 } },
  {
    what: "plain pairs",
    rows: [row(), row()],
    counts: { rows: 2, labelled: 0, withNegatives: 0, firstUnlabelled: 0, firstWithoutNegatives: 0 },
  },
  {
    what: "one label for all, a score in place of it in one",
    rows: [row({ label: 1, negatives: ["n"] }), row({ label: 0, score: 1 })],
    counts: {
      rows: 2,
      labelled: 2,
      labels: { least: { label: 1, row: 0 }, most: { label: 1, row: 0 } },
      withNegatives: 1,
      firstWithoutNegatives: 1,
    },
  },
  {
    what: "labels that differ",
    rows: [row({ label: 0 }), row(), row({ score: 0.5 }), row({ label: -1.5 }), row({ label: 1 }), row({ label: 1 })],
    counts: {
      rows: 6,
      labelled: 5,
      labels: { least: { label: -1.5, row: 3 }, most: { label: 1, row: 4 }, broken: { label: 0.5, row: 2 } },
      withNegatives: 0,
      firstUnlabelled: 1,
      firstWithoutNegatives: 0,
    },
  },
])("counts of rows: $what", ({ rows, counts }) => {
  expect(countRows(rows.entries())).toEqual(counts);
});

test("rows keep the numbers that they are given with", () => {
  const numbered: [number, Row][] = [
    [4, row({ negatives: ["n"], label: 1 })],
    [7, row()],
  ];
  expect(countRows(numbered)).toMatchObject({ rows: 2, firstUnlabelled: 7, firstWithoutNegatives: 7 });
});
