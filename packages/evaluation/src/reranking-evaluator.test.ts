import { readFileSync } from "node:fs";
import { memoryFiles } from "@attune/data";
import { describe, expect, test } from "vitest";
import type { TextEmbedder } from "./evaluator.ts";
import { listMetrics } from "./list-metrics.ts";
import { createRerankingEvaluator } from "./reranking-evaluator.ts";
import { readRerankingSamples, samplesOf, type RerankingSample } from "./reranking-set.ts";

interface GoldenSample {
  readonly query: string;
  readonly positive: string[];
  readonly negative?: string[];
  readonly documents?: string[];
}

interface GoldenCase {
  readonly name: string;
  readonly atK: number;
  readonly alwaysRerankPositives: boolean;
  readonly samples: GoldenSample[];
  readonly scores: Record<string, Record<string, number>>;
  readonly embeddings: Record<string, number[]>;
  readonly expected: Record<string, number>;
}

const golden = (name: string) =>
  (JSON.parse(readFileSync(new URL(`../../../fixtures/golden/metrics/${name}.json`, import.meta.url), "utf8")) as { cases: GoldenCase[] })
    .cases;
const sampleOf = ({ query, positive, negative, documents }: GoldenSample): RerankingSample => ({
  query,
  positives: positive,
  ...(negative && { negatives: negative }),
  ...(documents && { documents }),
});

describe("sentence-transformers' CrossEncoderRerankingEvaluator", () => {
  test.each(golden("reranking_cross_encoder"))("$name", async ({ atK, alwaysRerankPositives, samples, scores, expected }) => {
    const evaluator = createRerankingEvaluator(samples.map(sampleOf), { k: atK, alwaysRerankPositives });
    const { metrics, perQuery } = await evaluator.evaluatePairs(async (pairs) =>
      pairs.map(({ query, document }) => scores[query][document]),
    );
    expect(Object.keys(metrics)).toEqual(evaluator.metrics);
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 8);
    const mean = [...perQuery!.values()].reduce((sum, value) => sum + value, 0) / perQuery!.size;
    expect(mean).toBeCloseTo(metrics[evaluator.primary], 12);
  });
});

describe("sentence-transformers' RerankingEvaluator", () => {
  test.each(golden("reranking_embedding"))("$name", async ({ atK, samples, embeddings, expected }) => {
    const dimension = Object.values(embeddings)[0].length;
    const encode = async (texts: readonly string[]) => Float32Array.from(texts.flatMap((text) => embeddings[text]));
    const { metrics } = await createRerankingEvaluator(samples.map(sampleOf), { k: atK }).evaluateQueries({ dimension, encode });
    expect(metrics.map).toBeCloseTo(expected.map, 7);
    expect(metrics[`mrr@${atK}`]).toBeCloseTo(expected.mrr, 7);
    expect(metrics[`ndcg@${atK}`]).toBeCloseTo(expected.ndcg, 7);
  });
});

describe("the order before and after, over the same lists", () => {
  const samples: RerankingSample[] = [
    { query: "one found", positives: ["p", "missed"], documents: ["x", "p"] },
    { query: "found, and nothing else", positives: ["p"], documents: ["p"] },
    { query: "none found", positives: ["p"], documents: ["x", "y"] },
  ];
  const same: TextEmbedder = {
    dimension: 1,
    encode: async (texts) => Float32Array.from(texts, (text) => (text === "x" || text.includes("found") ? 1 : -1)),
  };

  test("embeddings that change no order gain nothing, and say how many lists they left out", async () => {
    const evaluator = createRerankingEvaluator(samples, { alwaysRerankPositives: false });
    const { metrics, perQuery } = await evaluator.evaluateQueries(same);
    expect(metrics).toMatchObject({ map: 0.5, "mrr@10": 0.5, base_map: 0.5, "base_mrr@10": 0.5 });
    expect(metrics["base_ndcg@10"]).toBe(metrics["ndcg@10"]);
    expect([...perQuery!.keys()]).toEqual(["0"]);
    expect(evaluator.notes).toEqual(["2 of 3 lists left out: nothing relevant in them, or nothing else"]);
  });

  test("with the positives that a search did not find, which were its last", async () => {
    const evaluator = createRerankingEvaluator(samples);
    const { metrics } = await evaluator.evaluateQueries(same);
    // Of two lists: x, p, missed before, and nothing found.
    expect(metrics.base_map).toBeCloseTo((1 / 2 + 2 / 3) / 2 / 2, 12);
    expect(evaluator.notes).toEqual(["1 of 3 lists left out: nothing relevant in them, or nothing else"]);
  });

  test("no list is left out of scored pairs", async () => {
    const evaluator = createRerankingEvaluator(samples, { alwaysRerankPositives: false });
    const { perQuery } = await evaluator.evaluatePairs(async (pairs) => pairs.map(() => 0));
    expect([...perQuery!.keys()]).toEqual(["0", "1", "2"]);
  });
});

test("equal scores are no advantage for what stands first", () => {
  // scikit-learn: average_precision_score([1, 0], [1, 1]) is 0.5, ndcg_score([[1, 0]], [[1, 1]]) is (1 + 1 / log2(3)) / 2.
  const { map, mrr, ndcg } = listMetrics([true, false], [1, 1], 10);
  expect([map, mrr]).toEqual([0.5, 0.5]);
  expect(ndcg).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 12);
  expect(listMetrics([false, false], [1, 2], 10)).toEqual({ map: 0, mrr: 0, ndcg: 0 });
});

describe("samples", () => {
  const read = (name: string, text: string) => readRerankingSamples(memoryFiles({ [name]: text }), name);

  test("from lists in the order of a search", async () => {
    const lines = '{"query": "q", "positive": "a", "documents": ["b", "a"]}\n\n{"query": "r", "positive": ["c"], "documents": ["d"]}\n';
    expect(await read("d.jsonl", lines)).toEqual([
      { query: "q", positives: ["a"], documents: ["b", "a"] },
      { query: "r", positives: ["c"], documents: ["d"] },
    ]);
  });

  test("from rows with negatives, and from labelled pairs, a list per query", async () => {
    expect(await read("d.jsonl", '{"query": "q", "pos": ["a"], "neg": ["b", "c"]}\n')).toEqual([
      { query: "q", positives: ["a"], negatives: ["b", "c"] },
    ]);
    const pairs = [
      ["q", "a", 1],
      ["r", "d", 0],
      ["q", "b", 0],
      ["r", "e", 1],
    ] as const;
    const rows = pairs.map(([anchor, text, label]) => ({ anchor, positives: [text], negatives: [], label }));
    expect(samplesOf(rows)).toEqual([
      { query: "q", positives: ["a"], negatives: ["b"] },
      { query: "r", positives: ["e"], negatives: ["d"] },
    ]);
  });

  test.each([
    ['{"query": 1, "positive": "a", "documents": ["b"]}', "E_ROW", 'd.jsonl:1 "query" expected a string, got 1'],
    ['{"query": "q", "positive": "a", "documents": "b"}', "E_ROW", '"documents" expected a list of strings, got "b"'],
    ['{"query": "q", "documents": ["b"]}', "E_ROW", '"positive" expected a list of strings'],
    ['{"query": "q", "positive": "a", "documents": ["b"]}\n[]', "E_ROW", "d.jsonl:2 expected a JSON object"],
  ])("%s is refused", async (text, code, sentence) => {
    await expect(read("d.jsonl", `${text}\n`)).rejects.toMatchObject({
      code,
      sentence: expect.stringContaining(sentence),
      hint: undefined,
    });
  });

  test("a line that is no UTF-8 is refused, not left out", async () => {
    const line = '{"query": "q", "positive": "a", "documents": ["b", "a"]}\n';
    const latin1 = Uint8Array.from(`${line}${line.replace('"q"', '"caf\u00e9"')}${line}`, (character) => character.charCodeAt(0));
    await expect(readRerankingSamples(memoryFiles({ "d.jsonl": latin1 }), "d.jsonl")).rejects.toMatchObject({
      code: "E_ROW",
      sentence: "d.jsonl:2 expected UTF-8 text, got other bytes",
    });
  });

  test("a search that found nothing is a list, too", async () => {
    const lines = '{"query": "q", "positive": "a", "documents": []}\n{"query": "r", "positive": "a", "documents": ["b", "a"]}\n';
    const samples = await read("d.jsonl", lines);
    expect(samples.map(({ documents }) => documents)).toEqual([[], ["b", "a"]]);
    const evaluator = createRerankingEvaluator(samples, { alwaysRerankPositives: false });
    const { metrics } = await evaluator.evaluatePairs(async (pairs) => pairs.map(({ document }) => (document === "a" ? 1 : 0)));
    expect(metrics).toMatchObject({ map: 0.5, base_map: 0.25 });
  });

  test("without anything relevant, or without anything else, there is nothing to measure", async () => {
    await expect(read("d.tsv", "sentence1\tsentence2\tlabel\nq\ta\t0\n")).rejects.toMatchObject({ code: "E_EMPTY" });
    const one = createRerankingEvaluator([{ query: "q", positives: ["a"], negatives: [] }]);
    const encode = async (texts: readonly string[]) => new Float32Array(texts.length);
    await expect(one.evaluate({ dimension: 1, encode })).rejects.toMatchObject({ code: "E_EMPTY" });
    const scored = one.evaluatePairs(async (pairs) => pairs.map(() => 0));
    await expect(scored).rejects.toMatchObject({ code: "E_EMPTY", hint: "rows need negatives beside their positives" });
  });
});
