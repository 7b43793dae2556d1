import { memoryFiles } from "@attune/data";
import { expect, test } from "vitest";
import { mtebFolder, mtebModelMeta, mtebTask } from "./mteb-results.ts";
import { openRetrievalSet, readMatchedSet, readRetrievalSet } from "./retrieval-set.ts";

const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const flagEmbedding = {
  "set/corpus.jsonl": lines({ id: "d1", title: "red", text: "fox" }, { id: 2, text: "whale" }),
  "set/dev_queries.jsonl": lines({ id: "q1", text: "animal" }, { id: "q2", text: "never judged" }),
  "set/dev_qrels.jsonl": lines({ qid: "q1", docid: "d1", relevance: 2 }, { qid: "q1", docid: 2 }),
};

test("FlagEmbedding's evaluation sets are read like BEIR folders", async () => {
  const { queries, corpus, qrels } = await readRetrievalSet(memoryFiles(flagEmbedding), "set", "dev");
  expect([...queries]).toEqual([["q1", "animal"]]);
  expect(Object.fromEntries(corpus)).toEqual({ d1: "red fox", 2: "whale" });
  expect(qrels).toEqual(new Map([["q1", new Map([["d1", 2], ["2", 1]])]])); // prettier-ignore
});

test.each([
  ["dev_qrels.jsonl", lines({ qid: "q1", docid: "d9" }), { code: "E_ROW", place: 'set/dev_qrels.jsonl:1 "docid"', got: '"d9"' }],
  ["dev_qrels.jsonl", lines({ qid: "q9", docid: "d1" }), { code: "E_ROW", place: 'set/dev_qrels.jsonl:1 "qid"', got: '"q9"' }],
  ["dev_qrels.jsonl", "", { code: "E_EMPTY" }],
  ["corpus.jsonl", lines({ id: "d1", text: "a" }, { id: "d1", text: "b" }), { code: "E_ROW", place: 'set/corpus.jsonl:2 "id"' }],
])("a wrong %s is said with its line", async (name, content, expected) => {
  const files = memoryFiles({ ...flagEmbedding, [`set/${name}`]: content });
  await expect(readRetrievalSet(files, "set", "dev")).rejects.toMatchObject(expected);
});

const msmarco = {
  "queries.jsonl": lines({ query: "red", pos: ["the fox", "the rose"] }, { query: "blue", pos: ["the whale"] }),
  "corpus.jsonl": lines({ content: "the fox" }, { content: "the whale" }, { content: "the rose" }, { content: "the fox" }),
};

test("MS MARCO's form: positives are found among the passages by their text", async () => {
  const { queries, corpus, qrels } = await readMatchedSet(memoryFiles(msmarco), "queries.jsonl", "corpus.jsonl");
  expect([...queries.keys()]).toEqual(["red", "blue"]);
  expect([...corpus]).toEqual([["0", "the fox"], ["1", "the whale"], ["2", "the rose"]]); // prettier-ignore
  expect(qrels.get("red")).toEqual(new Map([["0", 1], ["2", 1]])); // prettier-ignore
  await expect(
    readMatchedSet(memoryFiles({ ...msmarco, "corpus.txt": "the fox\nthe rose\n" }), "queries.jsonl", "corpus.txt"),
  ).rejects.toMatchObject({ code: "E_ROW", place: "queries.jsonl, row 2", got: '"the whale"' });
});

test("a pattern of files is rows, as a file is", async () => {
  const files = memoryFiles({
    "a.jsonl": lines({ query: "red", pos: ["the fox"] }),
    "b.jsonl": lines({ query: "blue", pos: ["the whale"] }),
  });
  expect([...(await openRetrievalSet(files, { data: "*.jsonl" })).queries.values()]).toEqual(["red", "blue"]);
  await expect(openRetrievalSet(files, { data: "nothing" })).rejects.toMatchObject({ code: "E_NO_FILE", place: "nothing" });
});

test("pairs that are no answer are not looked for, nor right: ids and labels of the rows count", async () => {
  const labelled = lines(
    { sentence1: "red", sentence2: "the fox", label: 1 },
    { sentence1: "red", sentence2: "the whale", label: 0 },
    { sentence1: "blue", sentence2: "no passage at all", label: 0 },
  );
  const { queries, corpus, qrels } = await readMatchedSet(
    memoryFiles({ ...msmarco, "labelled.jsonl": labelled }),
    "labelled.jsonl",
    "corpus.jsonl",
  );
  expect([...queries.keys()]).toEqual(["red"]);
  expect(qrels).toEqual(new Map([["red", new Map([["0", 1]])]]));
  expect(corpus.size).toBe(3);
});

test("passages of a table are its texts, and a line that is no text is not left out", async () => {
  const table = memoryFiles({ ...msmarco, "corpus.csv": 'id,text\n1,the fox\n2,"the whale"\n3,the rose\n' });
  const { corpus } = await readMatchedSet(table, "queries.jsonl", "corpus.csv");
  expect([...corpus.values()]).toEqual(["the fox", "the whale", "the rose"]);
  await expect(readMatchedSet(memoryFiles({ ...msmarco, "c.csv": "body\nfox\n" }), "queries.jsonl", "c.csv")).rejects.toMatchObject({
    code: "E_LAYOUT",
    hint: 'name the column of the passages "text"',
  });
  const broken = memoryFiles({ ...msmarco, "corpus.txt": Uint8Array.of(97, 10, 255, 10) });
  await expect(readMatchedSet(broken, "queries.jsonl", "corpus.txt")).rejects.toMatchObject({ code: "E_ROW", place: "corpus.txt:2" });
});

test("a result file has MTEB's keys", () => {
  const task = { task: "SciFact", split: "test", metrics: { "ndcg@10": 0.645_512_3, "map@100": 0.6 }, primary: "ndcg@10", seconds: 12 };
  expect(mtebTask(task)).toMatchObject({
    task_name: "SciFact",
    scores: { test: [{ ndcg_at_10: 0.64551, map_at_100: 0.6, main_score: 0.64551, hf_subset: "default", languages: ["eng-Latn"] }] },
    kg_co2_emissions: null,
  });
  expect(mtebFolder("org/model/")).toBe("org__model/no_revision_available");
  const names = ["org/model", "runs/my__model", "my__model", "/"].map((model) => mtebModelMeta({ model }));
  const expected = ["org/model", "runs/my__model", "my__model", "no_model_name_available"];
  expect(names).toEqual(expected.map((name) => expect.objectContaining({ name })));
});
