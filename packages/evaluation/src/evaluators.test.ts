import { createRegistry, silentLog, type Context, type Files, type PluginKinds } from "@attune/core";
import { memoryFiles, type Row } from "@attune/data";
import { wordTokens } from "@attune/search";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import type { TextEmbedder } from "./evaluator.ts";
import { createRetrievalEvaluator, retrievalEvaluatorPlugin } from "./retrieval-evaluator.ts";
import { readRetrievalSet, retrievalSetOf } from "./retrieval-set.ts";
import { createStsEvaluator, readScoredPairs, stsEvaluatorPlugin } from "./sts-evaluator.ts";

const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const folder = (qrels: string, queries = lines({ _id: "q1", text: "red fox" }, { _id: "q2", text: "blue whale" })) => ({
  "set/corpus.jsonl": lines(
    { _id: "d1", title: "red", text: "fox fox" },
    { _id: "d2", text: "blue" },
    { _id: "d3", title: "whale whale", text: "" },
    { _id: "d4", text: "" },
  ),
  "set/queries.jsonl": queries,
  "set/qrels/test.tsv": `query-id\tcorpus-id\tscore\n${qrels}`,
});
const good = "q1\td1\t1\nq2\td2\t2\nq2\td3\t1\n";

/** Counts of four words; documents only by their first word, so that sides matter. */
const words = ["red", "fox", "blue", "whale"];
const counts = (text: string): number[] => words.map((word) => wordTokens(text).filter((token) => token === word).length);
const sides: (string | undefined)[] = [];
const counting: TextEmbedder = {
  dimension: 4,
  async encode(texts, side) {
    sides.push(side);
    return Float32Array.from(texts.flatMap((text) => counts(side === "document" ? (text.split(" ")[0] ?? "") : text)));
  },
};
const engine = () => new Engine(createReferenceBackend());

describe("readRetrievalSet", () => {
  test("documents are title and text; an empty document stays; qrels by query", async () => {
    const { queries, corpus, qrels } = await readRetrievalSet(memoryFiles(folder(good)), "set");
    expect([...queries]).toEqual([
      ["q1", "red fox"],
      ["q2", "blue whale"],
    ]);
    expect(Object.fromEntries(corpus)).toEqual({ d1: "red fox fox", d2: "blue", d3: "whale whale", d4: "" });
    expect(qrels.get("q2")).toEqual(new Map([["d2", 2], ["d3", 1]])); // prettier-ignore
  });

  test.each([
    [
      "unknown document",
      folder(`${good}q1\td9\t1\n`),
      { code: "E_ROW", place: 'set/qrels/test.tsv:5 "corpus-id"', got: '"d9"', hint: undefined },
    ],
    ["unknown query", folder(`${good}q9\td1\t1\n`), { code: "E_ROW", place: 'set/qrels/test.tsv:5 "query-id"', got: '"q9"' }],
    ["bad relevance", folder("q1\td1\tx1\n"), { code: "E_ROW", place: 'set/qrels/test.tsv:2 "score"', got: '"x1"' }],
    ["bad query", folder(good, lines({ _id: "q1" })), { code: "E_ROW", place: 'set/queries.jsonl:1 "text"' }],
    ["no judgements", folder(""), { code: "E_EMPTY", place: "set/qrels/test.tsv" }],
    ["no corpus", { "set/queries.jsonl": "" }, { code: "E_LAYOUT", place: "set" }],
  ])("%s", async (_, contents, expected) => {
    await expect(readRetrievalSet(memoryFiles(contents), "set")).rejects.toMatchObject(expected);
  });

  test("a split that is not there", async () => {
    await expect(readRetrievalSet(memoryFiles(folder(good)), "set", "dev")).rejects.toMatchObject({
      code: "E_NO_FILE",
      hint: "the folder has the splits: test",
    });
  });
});

describe("retrieval", () => {
  test("embeds both sides, searches, scores; per-query values average to the primary metric", async () => {
    const set = await readRetrievalSet(memoryFiles(folder(good)), "set");
    const evaluator = createRetrievalEvaluator(set, { engine: engine(), k: [1, 10] });
    expect(evaluator.primary).toBe("ndcg@10");
    sides.length = 0;
    const { metrics, perQuery } = await evaluator.evaluateQueries(counting);
    expect(sides).toEqual(["query", "document"]);
    // q2: d3 ("whale") and d2 ("blue") score the same, so d3 comes first: (1 + 2/log2(3)) / (2 + 1/log2(3)).
    const second = (1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3));
    expect(perQuery!.get("q1")).toBeCloseTo(1, 12);
    expect(perQuery!.get("q2")).toBeCloseTo(second, 12);
    expect(metrics["ndcg@10"]).toBeCloseTo((1 + second) / 2, 12);
    expect(metrics["recall@10"]).toBe(1);
    expect(Object.keys(metrics)).toEqual(evaluator.metrics);
    expect(await evaluator.evaluate(counting)).toEqual(metrics);
  });

  test("dot and cosine differ where lengths differ", async () => {
    const rows: Row[] = [{ anchor: "red", positives: ["red"], negatives: ["red red fox fox fox"] }];
    const whole: TextEmbedder = { ...counting, encode: (texts) => counting.encode(texts) };
    const mrr = async (similarity: "cosine" | "dot") =>
      (await createRetrievalEvaluator(retrievalSetOf(rows), { engine: engine(), similarity }).evaluate(whole))["mrr@10"];
    expect([await mrr("cosine"), await mrr("dot")]).toEqual([1, 0.5]);
  });

  test("as many documents as the largest cut-off needs, or more; fewer are refused", async () => {
    const set = await readRetrievalSet(memoryFiles(folder(good)), "set");
    const found = async (options: { k: number[]; depth?: number }) => {
      const { run } = await createRetrievalEvaluator(set, { engine: engine(), ...options }).evaluateQueries(counting);
      return run!.get("q1")!.length;
    };
    expect([await found({ k: [1, 2] }), await found({ k: [1, 2], depth: 3 })]).toEqual([2, 3]);
    await expect(found({ k: [1, 2, 10], depth: 3 })).rejects.toMatchObject({
      code: "E_OPTION",
      sentence: "--depth 3 is below 10, the largest cut-off: metrics at 10 need as many documents",
      hint: "give cut-offs up to it (--k 1,2), or a larger depth",
    });
  });

  test("an aborted signal stops before anything is embedded", async () => {
    const set = await readRetrievalSet(memoryFiles(folder(good)), "set");
    sides.length = 0;
    await expect(createRetrievalEvaluator(set, { engine: engine() }).evaluate(counting, AbortSignal.abort())).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(sides).toEqual([]);
  });
});

test("a retrieval task from rows of two data sets keeps documents apart that have one id", () => {
  const rows = [
    { anchor: "a", positives: [{ id: "0", text: "first" }], negatives: [] },
    { anchor: "b", positives: [{ id: "0", text: "second", source: 1 }], negatives: [] },
  ];
  const { corpus, qrels } = retrievalSetOf(rows);
  expect([...corpus.values()]).toEqual(["first", "second"]);
  expect(corpus.get([...qrels.get("b")!.keys()][0])).toBe("second");
});

test("held-out rows as a task: equal anchors are one query, equal documents one document", () => {
  const rows: Row[] = [
    { anchor: "a", positives: [{ id: "1", text: "p" }], negatives: ["n"] },
    { anchor: "a", positives: ["q"], negatives: [{ id: "1", text: "p" }] },
  ];
  const { queries, corpus, qrels } = retrievalSetOf(rows);
  expect([...queries.keys()]).toEqual(["a"]);
  expect([...corpus]).toEqual([["1", "p"], ["n", "n"], ["q", "q"]]); // prettier-ignore
  expect([...qrels.get("a")!.keys()]).toEqual(["1", "q"]);
});

test("a pair with the label 0 is no answer: its text is only found in place of one", () => {
  const rows: Row[] = [
    { anchor: "a", positives: ["p"], negatives: [], label: 1 },
    { anchor: "a", positives: ["q"], negatives: [], label: 0 },
    { anchor: "b", positives: ["r"], negatives: [], label: 0 },
  ];
  const { queries, corpus, qrels } = retrievalSetOf(rows);
  expect([...queries.keys()]).toEqual(["a"]);
  expect([...corpus.keys()]).toEqual(["p", "q", "r"]);
  expect([...qrels.get("a")!.keys()]).toEqual(["p"]);
});

describe("sts", () => {
  const tsv = "sentence1\tsentence2\tscore\nred\tred\t5\nred fox\tred\t3\nred\tblue\t0\nfox\tfox whale\t3.5\n";

  test("ranks pairs by similarity, without a side", async () => {
    const evaluator = createStsEvaluator(await readScoredPairs(memoryFiles({ "sts.tsv": tsv }), "sts.tsv"));
    sides.length = 0;
    const metrics = await evaluator.evaluate(counting);
    expect(sides).toEqual([undefined]);
    expect(metrics[evaluator.primary]).toBeGreaterThan(0.9);
    expect(Object.keys(metrics)).toEqual(evaluator.metrics);
  });

  test("pairs without a score are a sentence", async () => {
    const files = memoryFiles({ "sts.jsonl": lines({ sentence1: "a", sentence2: "b" }) });
    await expect(readScoredPairs(files, "sts.jsonl")).rejects.toMatchObject({
      code: "E_LAYOUT",
      place: "sts.jsonl",
      got: "none for pair 1 of 1",
    });
  });

  test.each([
    ["one pair", "a\tb\t1\n", "one pair"],
    ["one score", "a\tb\t1\nc\td\t1\n", "2 pairs with the score 1"],
  ])("%s gives no correlation, and that is a sentence", async (_, rows, got) => {
    const files = memoryFiles({ "sts.tsv": `sentence1\tsentence2\tscore\n${rows}` });
    await expect(readScoredPairs(files, "sts.tsv")).rejects.toMatchObject({ code: "E_LAYOUT", place: "sts.tsv", got });
  });

  test("a bad row is named, and leaving it out is not offered", async () => {
    const error = readScoredPairs(memoryFiles({ "sts.tsv": "sentence1\tsentence2\tscore\na\tb\tNaN\n" }), "sts.tsv");
    await expect(error).rejects.toMatchObject({ code: "E_ROW", place: 'sts.tsv:2 "score"', hint: expect.not.stringContaining("skip") });
  });
});

test("both are plugins of the registry", async () => {
  await using registry = createRegistry().use(retrievalEvaluatorPlugin).use(stsEvaluatorPlugin);
  const context = contextWith(
    memoryFiles({
      ...folder(good),
      "sts.jsonl": lines({ text1: "red", text2: "red", label: 1 }, { text1: "red", text2: "fox", label: 0 }),
    }),
  );
  const retrieval = await registry.create("evaluator", "retrieval", { data: "set", k: [5] }, context);
  expect((await retrieval.evaluate(counting))["recall@5"]).toBe(1);
  expect(retrieval.primary).toBe("ndcg@5");
  const sts = await registry.create("evaluator", "sts", { data: "sts.jsonl" }, context);
  expect((await sts.evaluate(counting)).spearman_cosine).toBeCloseTo(1, 12);
  await expect(registry.create("evaluator", "sts", { dta: "x" }, context)).rejects.toMatchObject({ code: "E_OPTION" });
});

function contextWith(files: Files): Context {
  const backend: PluginKinds["backend"] = createReferenceBackend();
  return { files, backend, log: silentLog, signal: new AbortController().signal } as unknown as Context;
}
