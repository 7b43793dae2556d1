import { expect, test } from "vitest";
import { collate, type TextBatch } from "./collate.ts";
import { expandPositives } from "./examples.ts";
import type { Row } from "./row.ts";

const batchOf = (...rows: Row[]) => collate(expandPositives(rows, "each", { seed: 1, epoch: 0 }));
/** [row, candidate] of the mask's ones. */
const excluded = ({ exclude = new Uint8Array(), candidates }: TextBatch) =>
  [...exclude.keys()].filter((at) => exclude[at] === 1).map((at) => [Math.floor(at / candidates.length), at % candidates.length]);
const row = (anchor: string, positives: Row["positives"], negatives: Row["negatives"] = [], extra: Partial<Row> = {}): Row => ({
  anchor,
  positives,
  negatives,
  ...extra,
});

test("positives first, then ragged negatives, with the row of each", () => {
  const batch = batchOf(row("a", ["p"], ["n1", "n2"]), row("b", ["q"]), row("c", ["r"], ["n3"]));
  expect(batch.anchors).toEqual(["a", "b", "c"]);
  expect(batch.candidates).toEqual(["p", "q", "r", "n1", "n2", "n3"]);
  expect([...batch.targets]).toEqual([0, 1, 2]);
  expect([...batch.groups]).toEqual([0, 1, 2, 0, 0, 2]);
  expect(batch).not.toHaveProperty("exclude");
  expect(batch).not.toHaveProperty("labels");
  expect(batch).not.toHaveProperty("prompts");
});

test("excluded: another row's equal positive, by text", () => {
  expect(excluded(batchOf(row("a", ["p"]), row("b", ["p"]), row("c", ["q"])))).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test("excluded: another row's equal positive, by id, though its text differs", () => {
  const batch = batchOf(
    row("a", [{ id: "d", text: "long" }]),
    row("b", [{ id: "d", text: "long, cut" }]),
    row("c", ["x"], [{ id: "d", text: "other cut" }]),
  );
  expect(excluded(batch)).toEqual([
    [0, 1],
    [0, 3],
    [1, 0],
    [1, 3],
  ]);
});

test("excluded: further positives of the same row, and of other rows with the same anchor", () => {
  expect(excluded(batchOf(row("a", ["p1", "p2"]), row("b", ["q"])))).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(excluded(batchOf(row("a", ["p"]), row("a", ["q"], ["n"]), row("b", ["r"], ["p"])))).toEqual([
    [0, 1],
    [0, 4],
    [1, 0],
    [1, 4],
  ]);
});

test("excluded: the anchor's own text, and a negative that is also its positive", () => {
  expect(excluded(batchOf(row("a", ["p"], ["a", "p", "n"]), row("b", ["a"])))).toEqual([
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
  ]);
});

test("labels only when every example has one; prompts when some have", () => {
  expect(batchOf(row("a", ["p"], [], { score: 0.5 }), row("b", ["q"], [], { label: 1 })).labels).toEqual(Float32Array.of(0.5, 1));
  const batch = batchOf(row("a", ["p"], [], { label: 1 }), row("b", ["q"], [], { prompt: "P: " }));
  expect(batch).not.toHaveProperty("labels");
  expect(batch.prompts).toEqual([undefined, "P: "]);
});
