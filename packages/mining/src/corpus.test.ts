import { memoryFiles, normalisedText } from "@attune/data";
import { expect, test } from "vitest";
import { collect } from "../test/support.ts";
import { appendDocuments, memoryCorpus } from "./corpus.ts";
import { openCorpusFile } from "./corpus-file.ts";
import { miningTaskOf } from "./task.ts";
import { hashText, textKey } from "./text-hash.ts";

const open = (content: string | Uint8Array) => openCorpusFile(memoryFiles({ "c.jsonl": content }), "c.jsonl");

test("documents of a file: titles, blank lines, both line ends, a byte order mark, no line end at the end", async () => {
  const lines = [
    '\uFEFF{"text": "one"}',
    "",
    '{"_id": 2, "title": "A title", "text": "two"}\r',
    "  ",
    '{"title": "", "text": ""}',
    '{"title": null, "text": "föur"}',
  ];
  const corpus = await open(lines.join("\n"));
  expect(corpus.size).toBe(4);
  expect((await collect(corpus.stream())).flat()).toEqual(["one", "A title two", "", "föur"]);
  expect(await corpus.texts([3, 0, 3])).toEqual(["föur", "one", "föur"]);
});

test("lines across the chunks in which a file is read", async () => {
  const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${"é".repeat(i % 700)}`);
  const corpus = await open(texts.map((text) => `${JSON.stringify({ text })}\n`).join("\n"));
  expect((await collect(corpus.stream())).flat()).toEqual(texts);
  for (const rows of [[2999, 1500], [], Array.from(texts, (_, i) => (i * 1237) % 3000), [7, 2000, 8, 7]])
    expect(await corpus.texts(rows)).toEqual(rows.map((row) => texts[row]));
});

test("a bad line is named, blank lines counted; an empty file", async () => {
  const bad = await open('{"text": "fine"}\n\n{"body": "no text"}\n');
  const error = { code: "E_ROW", place: "c.jsonl:3", got: '"{\\"body\\": \\"no text\\"}"' };
  await expect(collect(bad.stream())).rejects.toMatchObject(error);
  await expect(bad.texts([1])).rejects.toMatchObject(error);
  expect(await bad.texts([0])).toEqual(["fine"]);
  const latin1 = await open(Uint8Array.from([...new TextEncoder().encode('{"text": "'), 0xe9, 0x22, 0x7d]));
  await expect(latin1.texts([0])).rejects.toMatchObject({ code: "E_ROW", place: "c.jsonl:1" });
  await expect(open("\n \n")).rejects.toMatchObject({ code: "E_EMPTY", place: "c.jsonl" });
  await expect(openCorpusFile(memoryFiles({}), "none.jsonl")).rejects.toMatchObject({ code: "E_NO_FILE" });
});

test("documents after those of a corpus", async () => {
  const corpus = appendDocuments(memoryCorpus(["a", "b"]), ["c", "d"]);
  expect(corpus.size).toBe(4);
  expect((await collect(corpus.stream())).flat()).toEqual(["a", "b", "c", "d"]);
  expect(await corpus.texts([3, 0, 2, 1])).toEqual(["d", "a", "c", "b"]);
});

test("rows of one anchor are one query; without a corpus the rows' texts are the documents", async () => {
  const task = await miningTaskOf([
    { anchor: "q", positives: ["p1"], negatives: ["n"], id: "7" },
    { anchor: "r", positives: ["p2"], negatives: [] },
    { anchor: "q", positives: [{ id: "x", text: "p2" }, "p1"], negatives: [] },
    { anchor: "s", positives: ["n2"], negatives: [], label: 0 },
  ]);
  expect(task.queries.map(({ text, rowNumber, row }) => [text, rowNumber, row.id])).toEqual([
    ["q", 0, "7"],
    ["r", 1, undefined],
  ]);
  expect(task.queries[0].positives).toEqual([
    { document: 0, text: "p1" },
    { document: 2, text: "p2" },
  ]);
  expect(await task.corpus.texts([0, 1, 2, 3])).toEqual(["p1", "n", "p2", "n2"]);
  expect(task).toMatchObject({ appended: 0, rows: 4, maxPositives: 3 });
});

test("positives are found in a corpus exactly, else in another form, else they are added", async () => {
  const corpus = memoryCorpus(["THE answer", "the answer", "Other"]);
  const task = await miningTaskOf([{ anchor: "q", positives: ["the answer", " other ", "new"], negatives: [] }], corpus);
  expect(task.queries[0].positives).toEqual([
    { document: 1, text: "the answer" },
    { document: 2, text: " other " },
    { document: 3, text: "new" },
  ]);
  expect(task.appended).toBe(1);
  expect([...task.keys]).toEqual(["the answer", "the answer", "other", "new"].map(textKey));
  await expect(miningTaskOf([])).rejects.toMatchObject({ code: "E_EMPTY" });
});

test("hashes: equal texts alone are equal, whatever their length and their units", () => {
  const texts = [
    ...Array.from({ length: 40 }, (_, i) => "a".repeat(i)),
    ...Array.from({ length: 40 }, (_, i) => `${"\0".repeat(i)}`),
    "ab",
    "ba",
    "𝄞",
    "\uD834",
  ];
  const distinct = new Set(texts);
  expect(new Set(texts.map(hashText)).size).toBe(distinct.size);
  expect(new Set([...distinct].map((text) => textKey(text))).size).toBe(new Set([...distinct].map(normalisedText)).size);
  expect(hashText("stable")).toHaveLength(8);
  expect(
    Array.from({ length: 20_000 }, (_, i) => textKey(`text ${i}`)).every(
      (key, i, all) => (Number.isSafeInteger(key) && all.indexOf(key) === i) || i > 2000,
    ),
  ).toBe(true);
  expect(new Set(Array.from({ length: 200_000 }, (_, i) => textKey(`text ${i}`))).size).toBe(200_000);
  expect([" A\u00a0\n b", "ａ Ｂ"].map(normalisedText)).toEqual(["a b", "a b"]);
});
