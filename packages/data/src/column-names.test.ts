import { describe, expect, test } from "vitest";
import { loadRows } from "./load-rows.ts";
import type { DataSource } from "./read-sources.ts";
import { memoryFiles } from "./memory-files.ts";
import { planStream } from "./plan-stream.ts";

const own = { title: "a", body: "b", hard: "n", sim: 0.5 };
const json = (...records: object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const files = memoryFiles({
  "own.jsonl": json(own, own),
  "some.jsonl": json({ title: "c", body: "d" }, own),
  "null.jsonl": json({ ...own, hard: null }),
  "own.csv": "Title,Body,hard,sim\na,b,n,0.5\n",
  "swapped.csv": "question,answer\nb,a\n",
  "lists.jsonl": json({ query: "a", pos: ["b"], neg: ["n"], kind: "x" }),
  "passages.jsonl": json({ text: "a", positive_passages: [{ text: "b" }], task: "x" }),
  "beir/corpus.jsonl": '{"_id": "1", "text": "document"}\n',
  "beir/queries.jsonl": '{"_id": "1", "text": "question"}\n',
  "beir/qrels/train.tsv": "1\t1\t1\n",
});
const pair = { anchor: "title", positive: "body" };
const row = { anchor: "a", positives: ["b"], negatives: [] };

describe("names that the data has", () => {
  test.each<[string, Record<string, string>, object]>([
    ["own.jsonl", { ...pair, negative: "hard", score: "sim" }, { ...row, negatives: ["n"], score: 0.5 }],
    ["own.csv", { ...pair, negative_2: "HARD", labels: "sim" }, { ...row, negatives: ["n"], label: 0.5 }],
    ["swapped.csv", { question: "answer", answer: "question" }, row],
    ["lists.jsonl", { anchor: "query", type: "kind" }, { ...row, negatives: ["n"], type: "x" }],
    ["passages.jsonl", { query: "text" }, row],
    ["null.jsonl", { ...pair, negative: "hard" }, row],
  ])("%s %j", async (path, columns, first) => {
    expect((await loadRows(files, path, { columns })).rows[0]).toEqual(first);
  });

  test("a name that only some rows have", async () => {
    const { rows } = await loadRows(files, "some.jsonl", { columns: { ...pair, negative: "hard" } });
    expect(rows.map(({ negatives }) => negatives)).toEqual([[], ["n"]]);
  });

  test("two columns of one name, where rows may have it", async () => {
    const load = (header: string, columns?: Record<string, string>) =>
      loadRows(memoryFiles({ "a.csv": `${header}\nq,yes,x,y\n` }), "a.csv", { columns });
    await expect(load("query,answer,negative,negative")).rejects.toMatchObject({
      code: "E_LAYOUT",
      place: "a.csv:1",
      got: '"negative" twice, as columns 3 and 4',
    });
    await expect(load("query,answer,note,note", { negative: "note" })).rejects.toMatchObject({ got: '"note" twice, as columns 3 and 4' });
    for (const header of ["query,answer,note,note", "query,answer,,"])
      expect((await load(header)).rows).toEqual([{ anchor: "q", positives: ["yes"], negatives: [] }]);
  });

  test("a column goes by the key that it was given to alone", async () => {
    const table = memoryFiles({ "a.csv": "question,answer,document\nq,no,yes\n" });
    const { rows } = await loadRows(table, "a.csv", { columns: { negative: "answer" } });
    expect(rows).toEqual([{ anchor: "q", positives: ["yes"], negatives: ["no"] }]);
  });
});

describe("names that lead nowhere are E_OPTION", () => {
  test.each<[string, Record<string, string>, object]>([
    [
      "own.jsonl",
      { ...pair, negative: "hrad" },
      {
        place: "own.jsonl",
        expected: 'the column "hrad" (--columns negative=hrad)',
        got: '"title", "body", "hard", "sim"',
        hint: 'did you mean "hard"?',
      },
    ],
    ["own.jsonl", { ...pair, score: "simm" }, { place: "own.jsonl", hint: 'did you mean "sim"?' }],
    ["own.jsonl", { anchor: "title", positive: "bodi" }, { place: "own.jsonl:1", hint: 'did you mean "body"?' }],
    ["own.csv", { ...pair, score: "simm" }, { place: "own.csv:1", got: '"Title", "Body", "hard", "sim"', hint: 'did you mean "sim"?' }],
    ["own.csv", { anchor: "x", positive: "y" }, { place: "own.csv:1", hint: expect.stringContaining("give each its own columns") }],
    [
      "own.jsonl",
      { ...pair, type: "sim" },
      { place: "own.jsonl", problem: 'has rows of "anchor", "positive", which take no "type" (--columns type=sim)' },
    ],
    ["own.jsonl", { ...pair, answer: "hard" }, { problem: expect.stringContaining('which take no "answer"') }],
    ["beir", pair, { place: "beir", got: "anchor=title,positive=body" }],
  ])("%s %j", async (path, columns, expected) => {
    await expect(loadRows(files, path, { columns })).rejects.toMatchObject({ code: "E_OPTION", ...expected });
  });

  test("also where rows are streamed, and for a split of a file", async () => {
    const options = { window: 8, batchSize: 1, epochs: 1, seed: 1 };
    const refused = async (source: DataSource, expected: object) => {
      await expect(planStream(files, source, options)).rejects.toMatchObject({ code: "E_OPTION", ...expected });
      await expect(loadRows(files, source)).rejects.toMatchObject({ code: "E_OPTION", ...expected });
    };
    await refused({ path: "own.jsonl", columns: { ...pair, negative: "hrad" } }, { hint: 'did you mean "hard"?' });
    await refused({ path: "lists.jsonl", split: "dev" }, { place: "lists.jsonl", expected: "no split for a file", got: '"dev"' });
  });

  test("bad rows are said before names that good ones might have had", async () => {
    const bad = memoryFiles({ "a.jsonl": json({ title: "a", body: 3 }) });
    await expect(loadRows(bad, "a.jsonl", { columns: { ...pair, score: "sim" } })).rejects.toMatchObject({ code: "E_ROW" });
  });
});
