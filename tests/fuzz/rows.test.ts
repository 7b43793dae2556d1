// Training rows under arbitrary bytes.

import { expect, test } from "vitest";
import { loadRows } from "../../packages/data/src/index.ts";
import { fuzz, json, seed } from "./harness.ts";

const rows = [
  { query: "who found it?", pos: ["the captain."], neg: ["nobody", "the lamp"], pos_scores: [0.5], neg_scores: [0.1, 0.2] },
  { anchor: "a", positive: "b", negative: "c", score: 0.5 },
  { sentence1: "a", sentence2: "b", label: 1 },
];

test.each([
  [
    "JSONL",
    "rows.jsonl",
    rows.map((row) => `${JSON.stringify(row)}\n${JSON.stringify(row)}\n`),
    ['{"query":', '"pos":[', '"neg":[[', '"score":"x"', ...json],
  ],
  [
    "TSV",
    "rows.tsv",
    ["anchor\tpositive\tscore\nred\tblue\t0.5\n", "red\tblue\n"],
    ["\t", "\n", "\r\n", '"', "anchor", "negative_1", "NaN", "\u0000", ...json],
  ],
  ["CSV", "rows.csv", ['sentence1,sentence2,score\n"red, ""dark""",blue,0.5\n'], [",", "\n", "\r", '"', '""', "label", "\u0000", ...json]],
] as const)(`rows in %s (seed ${seed})`, async (_, file, bases, dictionary) => {
  const outcomes = await fuzz({ file, bases, dictionary, share: file.endsWith("jsonl") ? 1 : 0.5, read: (files) => loadRows(files, file) });
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["read", "E_ROW"]));
});
