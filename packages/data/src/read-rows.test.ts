import { AttuneError, type Files } from "@attune/core";
import { describe, expect, test } from "vitest";
import { memoryFiles } from "./memory-files.ts";
import { loadRows } from "./load-rows.ts";
import { readRows } from "./read-rows.ts";
import type { Row } from "./row.ts";

const load = (content: string | Uint8Array, options = {}, path = "a.jsonl") => loadRows(memoryFiles({ [path]: content }), path, options);
const doc = (id: string, title: string | undefined, text: string) => ({ _id: id, title, text });
const lines = (...values: unknown[]): string =>
  values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("\n") + "\n";

const documents = lines(doc("d1", "Title", "Text"), doc("d2", "", "only text"), doc("d3", "only title", ""), doc("d4", undefined, ""));
const folder = (qrels: string, corpus = documents): Files =>
  memoryFiles({
    "set/corpus.jsonl": corpus,
    "set/queries.jsonl": lines({ _id: "q1", text: "one" }, { _id: "q2", text: "two" }, { _id: "unused", text: 3 }),
    "set/qrels/train.tsv": `query-id\tcorpus-id\tscore\n${qrels}`,
  });

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function failure(work: Promise<unknown>): Promise<AttuneError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AttuneError);
  return error as AttuneError;
}

describe("layouts", () => {
  test("FlagEmbedding, new: scores, prompt, type", async () => {
    const row = {
      query: "q",
      pos: ["a", "b"],
      neg: ["n"],
      pos_scores: [1, 0.5],
      neg_scores: [-2],
      prompt: "Find: ",
      type: "normal",
      category: 7,
    };
    const { rows, format, bad } = await load(lines(row));
    expect(rows).toEqual([
      {
        anchor: "q",
        positives: ["a", "b"],
        negatives: ["n"],
        positiveScores: [1, 0.5],
        negativeScores: [-2],
        prompt: "Find: ",
        type: "normal",
      },
    ]);
    expect(format).toEqual({
      file: "jsonl",
      layout: "flag-embedding",
      columns: ["query", "pos", "neg", "pos_scores", "neg_scores", "prompt", "type"],
    });
    expect(bad).toEqual({ count: 0 });
  });

  test("FlagEmbedding, old: rows without neg, or with null scores", async () => {
    const { rows } = await load(lines({ query: "q", pos: ["a"], neg: [] }, { query: "r", pos: ["b"], pos_scores: null }));
    expect(rows).toEqual([
      { anchor: "q", positives: ["a"], negatives: [] },
      { anchor: "r", positives: ["b"], negatives: [] },
    ]);
  });

  test("a text per column: negatives by number, null where a row has fewer", async () => {
    const first = { anchor: "q", positive: "p", negative_10: "n10", negative_2: "n2", negative: "n", id: 3 };
    const { rows, format } = await load(lines(first, { anchor: "r", positive: "s", negative_2: null }));
    expect(rows).toEqual([
      { id: "3", anchor: "q", positives: ["p"], negatives: ["n", "n2", "n10"] },
      { anchor: "r", positives: ["s"], negatives: [] },
    ]);
    expect(format.columns).toEqual(["anchor", "positive", "negative", "negative_2", "negative_10"]);
  });

  test.each([
    [{ sentence1: "a", sentence2: "b", score: 4.2 }, { score: 4.2 }],
    [{ text1: "a", text2: "b", label: 0 }, { label: 0 }],
    [{ query: "a", content: "b", score: "0.25" }, { score: 0.25 }],
    [{ question: "a", answer: "b" }, {}],
  ])("pairs %j", async (record, extra) => {
    expect((await load(lines(record))).rows).toEqual([{ anchor: "a", positives: ["b"], negatives: [], ...extra }]);
  });

  test("a column mapping, whose names appear in errors", async () => {
    const columns = { anchor: "title", positive: "abstract" };
    expect((await load(lines({ title: "t", abstract: "a", answer: "x" }), { columns })).rows).toEqual([
      { anchor: "t", positives: ["a"], negatives: [] },
    ]);
    const error = await failure(load(lines({ title: "t", abstract: "a" }, { title: "t", abstract: 3 }), { columns }));
    expect(error.place).toBe('a.jsonl:2 "abstract"');
    expect(await failure(load(lines({ titel: "t", abstract: "a" }), { columns }))).toMatchObject({
      code: "E_OPTION",
      place: "a.jsonl:1",
      expected: 'the column "title" (--columns anchor=title)',
      got: '"titel", "abstract"',
      hint: 'did you mean "titel"?',
    });
    expect(await failure(load("", { columns: { ancor: "x" } }))).toMatchObject({ code: "E_OPTION", hint: 'did you mean "anchor"?' });
  });

  test("TSV and CSV, with and without header", async () => {
    const table = async (path: string, content: string): Promise<Row[]> => (await load(content, {}, path)).rows;
    const pair = { anchor: "a", positives: ["b"], negatives: [] };
    expect(await table("x.tsv", "a\tb\n")).toEqual([pair]);
    expect(await table("x.tsv", 'question\tanswer\na "quoted\tb\n')).toEqual([{ ...pair, anchor: 'a "quoted' }]);
    expect(await table("STS-B.data", "a\tb\t3\n")).toEqual([{ ...pair, score: 3 }]);
    expect(await table("x.csv", 'id,anchor,positive,negative\r\n7,"a, ""x""\nand y",b,\r\n')).toEqual([
      { id: "7", ...pair, anchor: 'a, "x"\nand y' },
    ]);
    expect(await failure(load("a\tb\tc\n", {}, "x.tsv"))).toMatchObject({ code: "E_LAYOUT", place: "x.tsv:1" });
    expect(await failure(load("anchor;positive\na;b\n", {}, "x.csv"))).toMatchObject({
      got: '1 column: ["anchor;positive"]',
      hint: expect.stringContaining("not by semicolons") as string,
    });
    expect(await failure(load("anchor\tpositive\na\tb\n", {}, "x.csv"))).toMatchObject({ hint: expect.stringContaining(".tsv") as string });
    expect(await failure(load("anchor\tpositive\na\tb\tc\n", {}, "x.tsv"))).toMatchObject({
      code: "E_ROW",
      place: "x.tsv:2",
      expected: "2 columns",
      got: "3",
    });
    expect(await failure(load('anchor,positive\n"a,b\n', {}, "x.csv"))).toMatchObject({
      code: "E_ROW",
      place: "x.csv:2",
      expected: "a closing quote",
    });
    expect(await table("x.csv", 'Question,Answer\na,the 5" disk\nc,d\n')).toMatchObject([{ positives: ['the 5" disk'] }, { anchor: "c" }]);
    const { rows, bad } = await load('anchor,positive\na,b\n"c,d\ne,f\n', { skipBadRows: true }, "x.csv");
    expect(rows.map(({ anchor }) => anchor)).toEqual(["a", "e"]);
    expect(bad).toMatchObject({ count: 1, first: { place: "x.csv:3", got: "the end of the file" } });
  });
});

describe("bad rows", () => {
  const good = { query: "q", pos: ["p"], neg: ["n"] };
  const scored = { ...good, pos_scores: [1] };
  test.each([
    ["positive is no list", { ...good, pos: 42 }, '"pos"', "a list of strings", "42"],
    ["no positive", { ...good, pos: [] }, '"pos"', "at least one non-empty string", "[]"],
    ["positive missing", { query: "q" }, '"pos"', "at least one non-empty string", "nothing"],
    ["text is a number", { ...good, query: 7 }, '"query"', "a non-empty string", "7"],
    ["empty string", { ...good, query: " \n" }, '"query"', "a non-empty string", String.raw`" \n"`],
    ["empty string in a list", { ...good, neg: ["n", ""] }, '"neg[1]"', "a non-empty string", '""'],
    ["object in a list", { ...good, pos: [{ text: "p" }] }, '"pos[0]"', "a non-empty string", '{"text":"p"}'],
    ["too few scores", { ...scored, pos_scores: [] }, '"pos_scores"', '1 number (one for each entry of "pos")', "0"],
    ["too many scores", { ...good, neg_scores: [1, 2] }, '"neg_scores"', '1 number (one for each entry of "neg")', "2"],
    ["score is a string", { ...good, pos_scores: ["high"] }, '"pos_scores[0]"', "a finite number", '"high"'],
    ["score is null", { ...good, pos_scores: [null] }, '"pos_scores[0]"', "a finite number", "null"],
    ["not an object", [1], undefined, "a JSON object", "[1]"],
    ["cut off", '{"query": "q", "pos": [', undefined, "valid JSON", 'a line that ends after «{"query": "q", "pos": [»'],
    ["without its bracket", '{"query": "q" ', undefined, "valid JSON", 'a line that ends after «{"query": "q"»'],
    ["a missing comma", '{"query": "q" "pos": []}', undefined, "valid JSON", '«"pos": []}» at character 15'],
    [
      "NaN, as Python writes it",
      '{"query": "q", "pos": ["p"], "pos_scores": [NaN]}',
      undefined,
      "valid JSON",
      "NaN, which JSON does not have",
    ],
    [
      "-Infinity",
      '{"query": "q", "pos": ["p"], "pos_scores": [-Infinity]}',
      undefined,
      "valid JSON",
      "-Infinity, which JSON does not have",
    ],
  ])("%s", async (_, record, key, expected, got) => {
    const error = await failure(load(lines(good, "", record, good)));
    expect(error).toMatchObject({ code: "E_ROW", place: `a.jsonl:3${key ? ` ${key}` : ""}`, expected, got });
    expect(error.hint).toBe("--skip-bad-rows leaves such rows out (1 of 3 here)");
    const { rows, bad } = await load(lines(good, "", record, good), { skipBadRows: true });
    expect(rows).toHaveLength(2);
    expect(bad).toMatchObject({ count: 1, first: { place: error.place } });
  });

  test("readRows throws at the first one, or hands each to onBadRow", async () => {
    const files = memoryFiles({ "a.jsonl": lines(good, { ...good, pos: [] }, good, "{") });
    const take = async (options = {}): Promise<number> => (await collected(readRows(files, "a.jsonl", options))).length;
    expect((await failure(take())).place).toBe('a.jsonl:2 "pos"');
    const places: (string | undefined)[] = [];
    expect(await take({ onBadRow: (error: AttuneError) => places.push(error.place) })).toBe(2);
    expect(places).toEqual(['a.jsonl:2 "pos"', "a.jsonl:4"]);
  });

  test("invalid UTF-8 is named by its line", async () => {
    const bytes = new TextEncoder().encode(lines(good, good, good));
    bytes[lines(good).length + 12] = 0xff;
    expect(await failure(load(bytes))).toMatchObject({ code: "E_ROW", place: "a.jsonl:2", expected: "UTF-8 text" });
    expect((await load(bytes, { skipBadRows: true })).rows).toHaveLength(2);
  });
});

describe("files that are not data", () => {
  test("missing, empty, blank, all bad", async () => {
    expect(await failure(loadRows(memoryFiles({}), "none.jsonl"))).toMatchObject({ code: "E_NO_FILE", place: "none.jsonl" });
    expect(await failure(load(""))).toMatchObject({ code: "E_EMPTY", place: "a.jsonl" });
    expect(await failure(load(" \n\n"))).toMatchObject({ code: "E_EMPTY" });
    expect(await failure(load("{", { skipBadRows: true }))).toMatchObject({ code: "E_EMPTY", hint: expect.stringContaining("a.jsonl:1") });
    expect(await failure(load("{"))).toMatchObject({ code: "E_ROW", place: "a.jsonl:1" });
  });

  test("unknown keys are listed beside the understood ones", async () => {
    const error = await failure(load(lines({ left: "a", right: "b" })));
    expect(error).toMatchObject({ code: "E_LAYOUT", place: "a.jsonl:1", got: 'the keys "left", "right"' });
    expect(error.expected).toContain('"query" with the lists "pos" and "neg"');
    expect(error.expected).toContain('"anchor"');
  });

  test("a JSON array, a text file", async () => {
    expect(await failure(load('[\n {"query": "q", "pos": ["p"]}\n]'))).toMatchObject({ code: "E_LAYOUT", got: "a JSON array" });
    expect(await failure(load("just words\n", {}, "notes.txt"))).toMatchObject({ code: "E_LAYOUT", place: "notes.txt" });
  });
});

describe("BEIR folders", () => {
  test("a row per query in qrels order, with document ids and joined titles; irrelevant judgements are left out", async () => {
    const { rows, format } = await loadRows(folder("q2\td2\t1\nq1\td3\t2\nq2\td1\t1\nq1\td1\t0\n"), "set");
    expect(rows).toEqual([
      {
        id: "q2",
        anchor: "two",
        positives: [
          { id: "d2", text: "only text" },
          { id: "d1", text: "Title Text" },
        ],
        negatives: [],
      },
      { id: "q1", anchor: "one", positives: [{ id: "d3", text: "only title" }], negatives: [] },
    ]);
    expect(format).toMatchObject({ file: "beir", layout: "qrels/train.tsv" });
  });

  test.each([
    ["unknown query", "q9\td1\t1\n", '"query-id"', "an id of queries.jsonl", '"q9"'],
    ["unknown document", "q1\td9\t1\n", '"corpus-id"', "an id of corpus.jsonl", '"d9"'],
    ["empty document", "q1\td4\t1\n", '"corpus-id"', "a document with text", '"d4", which is empty'],
    ["relevance is no number", "q1\td1\thigh\n", '"score"', "a finite number", '"high"'],
    ["two columns", "q1\td1\n", undefined, "query, document and relevance, separated by tabs", String.raw`"q1\td1"`],
  ])("%s", async (_, qrels, key, expected, got) => {
    const error = await failure(loadRows(folder(`q2\td2\t1\n${qrels}`), "set"));
    expect(error).toMatchObject({ code: "E_ROW", place: `set/qrels/train.tsv:3${key ? ` ${key}` : ""}`, expected, got });
    expect((await loadRows(folder(`q2\td2\t1\n${qrels}`), "set", { skipBadRows: true })).bad.count).toBe(1);
  });

  test("a corpus line that is no document, a repeated id, a missing split, no BEIR folder", async () => {
    const corpus = lines(doc("d1", "", "a"), { _id: "d2", text: 5 });
    expect(await failure(loadRows(folder("q1\td2\t1\n", corpus), "set"))).toMatchObject({
      code: "E_ROW",
      place: 'set/corpus.jsonl:2 "text"',
    });
    const twice = lines(doc("d1", "", "a"), doc("d1", "", "b"));
    expect(await failure(loadRows(folder("q1\td1\t1\n", twice), "set"))).toMatchObject({
      code: "E_ROW",
      place: 'set/corpus.jsonl:2 "_id"',
    });
    expect(await failure(loadRows(folder(""), "set", { split: "dev" }))).toMatchObject({
      code: "E_NO_FILE",
      hint: "the folder has the splits: train",
    });
    expect(await failure(loadRows(folder(""), "set"))).toMatchObject({ code: "E_EMPTY" });
    expect(await failure(loadRows(folder("q1\td1\t1\n", ""), "set"))).toMatchObject({ code: "E_EMPTY", place: "set/corpus.jsonl" });
    expect(await failure(loadRows(memoryFiles({ "set/notes.md": "" }), "set"))).toMatchObject({ code: "E_LAYOUT", place: "set" });
  });
});

test("a table without a known header says so", async () => {
  for (const [content, headerless, count] of [
    ["title,body\nq,a\n", true, 2],
    ["question,answer\nq,a\n", undefined, 1],
  ] as const) {
    const { rows, format } = await load(content, {}, "a.csv");
    expect([format.headerless, rows.length]).toEqual([headerless, count]);
  }
  const mapped = await load("title,body\nq,a\n", { columns: { anchor: "title", positive: "body" } }, "a.csv");
  expect([mapped.format.headerless, mapped.rows.length]).toEqual([undefined, 1]);
});
