import { expect, test } from "vitest";
import { expandPositives } from "./examples.ts";
import type { Row } from "./row.ts";

const rows: Row[] = [
  {
    anchor: "a",
    positives: ["a1", { id: "A2", text: "a2" }, "a3"],
    negatives: ["n1", "n2", "n3", "n4", "n5"],
    label: 1,
    score: 0.5,
    prompt: "P: ",
  },
  { anchor: "b", positives: ["b1"], negatives: ["m1"], label: 2 },
];
const positives = (choice: "each" | "rotate" | "random", epoch: number, seed = 1) =>
  expandPositives(rows, choice, { seed, epoch }).map(({ positive }) => positive);

test("each: one example per positive, with what the row knows", () => {
  const [, second, , last] = expandPositives(rows, "each", { seed: 1, epoch: 0 });
  expect(second).toEqual({
    rowIndex: 0,
    anchor: "a",
    positive: "a2",
    positiveId: "A2",
    negatives: rows[0].negatives,
    positives: rows[0].positives,
    label: 0.5,
    prompt: "P: ",
  });
  expect(last).toEqual({ rowIndex: 1, anchor: "b", positive: "b1", negatives: ["m1"], positives: ["b1"], label: 2 });
  expect(positives("each", 5)).toEqual(["a1", "a2", "a3", "b1"]);
});

test("rotate: by turns over the epochs", () => {
  expect([0, 1, 2, 3].map((epoch) => positives("rotate", epoch))).toEqual([
    ["a1", "b1"],
    ["a2", "b1"],
    ["a3", "b1"],
    ["a1", "b1"],
  ]);
});

test("random: drawn by seed and epoch, all are drawn sometime", () => {
  const drawn = Array.from({ length: 30 }, (_, epoch) => positives("random", epoch)[0]);
  expect(new Set(drawn)).toEqual(new Set(["a1", "a2", "a3"]));
  expect(Array.from({ length: 30 }, (_, epoch) => positives("random", epoch)[0])).toEqual(drawn);
  expect(Array.from({ length: 30 }, (_, epoch) => positives("random", epoch, 2)[0])).not.toEqual(drawn);
});

test("negatives: at most so many, drawn per epoch without repetition; a row with fewer keeps them", () => {
  const draw = (epoch: number) => expandPositives(rows, "rotate", { seed: 1, epoch, negatives: 2 }).map(({ negatives }) => negatives);
  for (let epoch = 0; epoch < 20; epoch++) {
    expect(new Set(draw(epoch)[0]).size).toBe(2);
    expect(draw(epoch)[1]).toEqual(["m1"]);
    expect(draw(epoch)).toEqual(draw(epoch));
  }
  const seen = Array.from({ length: 20 }, (_, epoch) => draw(epoch)[0]).flat();
  expect(new Set(seen).size).toBe(5);
  expect(expandPositives(rows, "each", { seed: 1, epoch: 0, negatives: 0 }).every(({ negatives }) => negatives.length === 0)).toBe(true);
});
