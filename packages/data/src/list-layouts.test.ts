import { describe, expect, test } from "vitest";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";

const load = (records: unknown[], options = {}) =>
  loadRows(memoryFiles({ "a.jsonl": records.map((record) => JSON.stringify(record)).join("\n") }), "a.jsonl", options);

describe("RAG-Retrieval", () => {
  const good = {
    query: "q",
    hits: [
      { content: "a", label: 2 },
      { content: "b", label: 0 },
      { content: "c", label: 1 },
    ],
  };

  test("hits: labels above 0 are positives, all labels are kept as scores", async () => {
    const { rows, format } = await load([good]);
    expect(rows).toEqual([{ anchor: "q", positives: ["a", "c"], negatives: ["b"], positiveScores: [2, 1], negativeScores: [0] }]);
    expect(format).toMatchObject({ layout: "rag-retrieval", columns: ["query", "hits"] });
  });

  test("hits under other names", async () => {
    const record = { query: "q", hits: [{ text: "a", relevance: "1" }] };
    const columns = { content: "text", label: "relevance" };
    expect((await load([record], { columns })).rows).toMatchObject([{ positives: ["a"], positiveScores: [1] }]);
    const bad = { query: "q", hits: [{ text: "a", relevance: "much" }] };
    await expect(load([record, bad], { columns })).rejects.toMatchObject({ place: 'a.jsonl:2 "hits[0].relevance"' });
  });

  test.each([
    ["no list", { ...good, hits: { content: "a" } }, "hits", "a list of objects", '{"content":"a"}'],
    ["no hits", { ...good, hits: [] }, "hits", "at least one hit with a label above 0", "[]"],
    [
      "none relevant",
      { ...good, hits: [{ content: "a", label: 0 }] },
      "hits",
      "at least one hit with a label above 0",
      "1 with other labels",
    ],
    ["a text among the hits", { ...good, hits: [...good.hits, "d"] }, "hits[3]", "an object", '"d"'],
    ["an empty text", { ...good, hits: [...good.hits, { content: " ", label: 1 }] }, "hits[3].content", "a non-empty string", '" "'],
    ["no label", { ...good, hits: [{ content: "a" }] }, "hits[0].label", "a finite number", "nothing"],
  ])("%s", async (_, record, key, expected, got) => {
    await expect(load([good, record])).rejects.toMatchObject({ code: "E_ROW", place: `a.jsonl:2 ${JSON.stringify(key)}`, expected, got });
    expect((await load([good, record], { skipBadRows: true })).rows).toHaveLength(1);
  });

  test("a pair with a label per line; scores beside pos", async () => {
    const pairs = [
      { query: "q", content: "a", label: 1 },
      { query: "q", content: "b", label: 0 },
    ];
    expect((await load(pairs)).rows).toEqual([
      { anchor: "q", positives: ["a"], negatives: [], label: 1 },
      { anchor: "q", positives: ["b"], negatives: [], label: 0 },
    ]);
    await expect(load([...pairs, { query: "q", content: "c", label: "high" }])).rejects.toMatchObject({ place: 'a.jsonl:3 "label"' });
    expect((await load([{ query: "q", pos: ["a", "b"], scores: [0.8, 0.2] }])).rows).toEqual([
      { anchor: "q", positives: ["a", "b"], negatives: [], positiveScores: [0.8, 0.2] },
    ]);
    await expect(load([{ query: "q", pos: ["a"], scores: [1, 2] }])).rejects.toMatchObject({ place: 'a.jsonl:1 "scores"' });
  });
});

describe("Tevatron", () => {
  const passage = (docid: string, title: string, text: string) => ({ docid, title, text });
  const good = { query_id: 7, query: "q", positive_passages: [passage("d1", "Title", "text")], negative_passages: [] };

  test("passages with ids; title and text are joined, one may be empty, negatives may be missing", async () => {
    const record = {
      query: "r",
      positive_passages: [passage("d2", "", "only text"), { text: "no id" }],
      negative_passages: [passage("d3", "only title", "")],
    };
    const { rows, format } = await load([good, record, { query: "s", positive_passages: [passage("d4", "", "x")] }]);
    expect(rows).toEqual([
      { id: "7", anchor: "q", positives: [{ id: "d1", text: "Title text" }], negatives: [] },
      { anchor: "r", positives: [{ id: "d2", text: "only text" }, "no id"], negatives: [{ id: "d3", text: "only title" }] },
      { anchor: "s", positives: [{ id: "d4", text: "x" }], negatives: [] },
    ]);
    expect(format.columns).toEqual(["query_id", "query", "positive_passages", "negative_passages"]);
  });

  test("ids of 64 bits are what the file says, also where they are numbers", async () => {
    const line = `{"query_id": -9007199254740993, "query": "q", "positive_passages": [{"docid": 1234567890123456789, "text": "a 1234567890123456789"}],
      "negative_passages": [{"docid": 1234567890123456788, "text": "b"}, {"docid": 12345678901234567e3, "text": "c"}, {"docid": 7, "text": "d"}]}`;
    const { rows } = await loadRows(memoryFiles({ "a.jsonl": line.replace("\n", " ") }), "a.jsonl");
    expect(rows[0].id).toBe("-9007199254740993");
    expect(rows[0].positives).toEqual([{ id: "1234567890123456789", text: "a 1234567890123456789" }]);
    expect(rows[0].negatives).toEqual([
      { id: "1234567890123456788", text: "b" },
      { id: "12345678901234567000", text: "c" },
      { id: "7", text: "d" },
    ]);
  });

  test.each([
    ["no positive", { ...good, positive_passages: [] }, "positive_passages", "at least one passage", "[]"],
    [
      "a passage without text",
      { ...good, negative_passages: [passage("d", " ", "")] },
      "negative_passages[0].text",
      "a non-empty string",
      '""',
    ],
    ["a title that is a number", { ...good, positive_passages: [{ title: 5, text: "a" }] }, "positive_passages[0].title", "a string", "5"],
    [
      "an id that is a list",
      { ...good, positive_passages: [{ docid: [], text: "a" }] },
      "positive_passages[0].docid",
      "an id (a string or a number)",
      "[]",
    ],
    ["texts for passages", { ...good, positive_passages: ["a"] }, "positive_passages[0]", "an object", '"a"'],
  ])("%s", async (_, record, key, expected, got) => {
    await expect(load([good, record])).rejects.toMatchObject({ code: "E_ROW", place: `a.jsonl:2 ${JSON.stringify(key)}`, expected, got });
  });
});
