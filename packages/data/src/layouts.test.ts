import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { knownColumns } from "./layouts.ts";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";
import type { Row } from "./row.ts";

const rowsOf = async (record: object): Promise<Row[]> =>
  (await loadRows(memoryFiles({ "a.jsonl": JSON.stringify(record) }), "a.jsonl")).rows;
const row = { anchor: "a", positives: ["b"], negatives: [] };

describe("other names for the same", () => {
  const pair = { sentence1: "a", sentence2: "b" };
  test.each<[object, object]>([
    [
      { ...pair, labels: 0 },
      { ...row, label: 0 },
    ],
    [
      { ...pair, scores: "0.5" },
      { ...row, score: 0.5 },
    ],
    [
      { ...pair, label: 1, labels: ["x"] },
      { ...row, label: 1 },
    ],
    [{ ...pair, labels: ["tag"], scores: [1, 2] }, row],
    [
      { ...pair, negatives: ["n", "m"] },
      { ...row, negatives: ["n", "m"] },
    ],
    [
      { ...pair, negatives: "n", negative_1: "m" },
      { ...row, negatives: ["n", "m"] },
    ],
    [{ ...pair, pos: ["NN"] }, row],
    [{ query: "a", answer: "b", pos: "noun" }, row],
    [
      { anchor: "a", positives: ["b", "c"], negatives: [] },
      { ...row, positives: ["b", "c"] },
    ],
    [
      { query: "a", pos: ["b"], negatives: ["n"], neg_scores: [0.1] },
      { ...row, negatives: ["n"], negativeScores: [0.1] },
    ],
    [
      { query: "a", pos: ["b"], neg: ["n"], negative: "m" },
      { ...row, negatives: ["n", "m"] },
    ],
  ])("%j", async (record, expected) => {
    expect(await rowsOf(record)).toEqual([expected]);
  });

  test("what is no text and no list of texts is a bad row", async () => {
    await expect(rowsOf({ ...pair, negatives: [3] })).rejects.toMatchObject({ code: "E_ROW", place: 'a.jsonl:1 "negatives[0]"' });
    await expect(rowsOf({ ...pair, negatives: 3 })).rejects.toMatchObject({ code: "E_ROW", expected: "a non-empty string" });
  });
});

test("the header of a table is known whatever the case of its letters, and errors spell it as it stands there", async () => {
  const load = (content: string) => loadRows(memoryFiles({ "a.csv": content }), "a.csv");
  const { rows, format } = await load("Question,ANSWER,Label,Negative_1\na,b,1,n\n");
  expect(rows).toEqual([{ ...row, negatives: ["n"], label: 1 }]);
  expect(format.columns).toEqual(["question", "answer", "Negative_1", "label"]);
  await expect(load("Question,Answer,Label\na,b,high\n")).rejects.toMatchObject({ place: 'a.csv:2 "Label"' });
  await expect(load("QUESTION,What\na,b\n")).rejects.toMatchObject({ code: "E_LAYOUT", got: 'the keys "QUESTION", "What"' });
});

test("docs/data-formats.md names every key", () => {
  const page = readFileSync(new URL("../../../docs/data-formats.md", import.meta.url), "utf8");
  expect([...knownColumns].filter((key) => !new RegExp(`\\b${key}\\b`).test(page))).toEqual([]);
});
