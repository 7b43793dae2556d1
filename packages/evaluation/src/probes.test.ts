// The evaluators that put a probe on the vectors, against sentence-transformers, sklearn and MTEB's counting.

import { readFileSync } from "node:fs";
import { createReferenceBackend, Engine } from "@attune/tensor";
import type { Files } from "@attune/core";
import { memoryFiles } from "@attune/data";
import { describe, expect, onTestFinished, test } from "vitest";
import { createBitextEvaluator, readTranslations } from "./bitext-evaluator.ts";
import { createClassificationEvaluator } from "./classification-evaluator.ts";
import { weightedScores } from "./classification-metrics.ts";
import { createClusteringEvaluator } from "./clustering-evaluator.ts";
import { clusterMetrics } from "./clustering-metrics.ts";
import type { TextEmbedder } from "./evaluator.ts";
import { fitLogistic } from "./logistic-regression.ts";
import { createMatryoshkaEvaluator } from "./matryoshka-evaluator.ts";
import { readMeasuredTexts } from "./measured-rows.ts";
import { createPairClassificationEvaluator, readLabelledPairs } from "./pair-classification-evaluator.ts";
import { readRerankingSamples } from "./reranking-set.ts";
import { createStsEvaluator } from "./sts-evaluator.ts";
import { createTripletEvaluator, readTriplets } from "./triplet-evaluator.ts";

type Nested = number | readonly Nested[];
const flatten = (nested: Nested): number[] => (typeof nested === "number" ? [nested] : nested.flatMap(flatten));
const readGolden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${name}`, import.meta.url), "utf8")) as T;

/** Texts "0", "1", … are the rows of these vectors. */
function rowsOf(vectors: readonly Nested[]): TextEmbedder {
  const dimension = (vectors[0] as Nested[]).length;
  return {
    dimension,
    encode: async (texts) => Float32Array.from(texts.flatMap((text) => flatten(vectors[Number(text)]))),
  };
}
const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i));

test("pair classification: every threshold and score of sentence-transformers", async () => {
  const { cases } = readGolden<{
    cases: { name: string; a: Nested[]; b: Nested[]; labels: number[]; expected: Record<string, Record<string, number>> }[];
  }>("metrics/binary_classification.json");
  for (const { name, a, b, labels, expected } of cases) {
    const pairs = labels.map((label, i) => ({ first: String(i), second: String(i + a.length), label }));
    const got = await createPairClassificationEvaluator(pairs).evaluate(rowsOf([...a, ...b]));
    for (const [similarity, scores] of Object.entries(expected)) {
      for (const [kind, value] of Object.entries(scores)) {
        const difference = Math.abs(got[`${similarity}_${kind}`] - value);
        expect(difference, `${name} ${similarity}_${kind}`).toBeLessThan(2e-6 * Math.max(1, Math.abs(value)));
      }
    }
    expect(got["max_ap"]).toBe(Math.max(...["cosine", "dot", "euclidean", "manhattan"].map((s) => got[`${s}_ap`])));
  }
});

test("triplets: a tie is wrong, and a margin counts", async () => {
  const { cases } = readGolden<{
    cases: {
      anchor: Nested[];
      positive: Nested[];
      negative: Nested[];
      margin: Record<"cosine" | "dot" | "euclidean" | "manhattan", number> | null;
      expected: Record<string, number>;
    }[];
  }>("metrics/triplet.json");
  for (const { anchor, positive, negative, margin, expected } of cases) {
    const count = anchor.length;
    const triplets = numbered(count).map((text, i) => ({ anchor: text, positive: String(i + count), negative: String(i + 2 * count) }));
    const got = await createTripletEvaluator(triplets, { margin: margin ?? 0 }).evaluate(rowsOf([...anchor, ...positive, ...negative]));
    for (const [name, value] of Object.entries(expected)) expect(got[name], name).toBeCloseTo(value, 6);
  }
});

interface Classification {
  readonly name: string;
  readonly trainX: Nested[];
  readonly trainY: number[];
  readonly testX: Nested[];
  readonly testY: number[];
  readonly expected: Record<string, number> & { predictions: number[]; coef: Nested; intercept: Nested };
}

test("classification: the optimum of sklearn's logistic regression, its predictions and scores", async () => {
  const { cases } = readGolden<{ cases: Classification[] }>("metrics/classification.json");
  for (const { name, trainX, trainY, testX, testY, expected } of cases) {
    const dimension = (trainX[0] as Nested[]).length;
    const classes = new Set(trainY).size;
    const model = await fitLogistic(Float32Array.from(flatten(trainX)), trainY, { dimension, classes });
    flatten(expected.coef).forEach((value, i) => expect(model.coefficients[i], `${name} coefficient ${i}`).toBeCloseTo(value, 4));
    flatten(expected.intercept).forEach((value, i) => expect(model.intercepts[i]).toBeCloseTo(value, 4));
    expect(Array.from(model.predict(Float32Array.from(flatten(testX))))).toEqual(expected.predictions);
    const texts = (labels: number[], from: number) => labels.map((label, i) => ({ text: String(i + from), label: String(label) }));
    const evaluator = createClassificationEvaluator(texts(trainY, 0), texts(testY, trainY.length));
    const got = await evaluator.evaluate(rowsOf([...trainX, ...testX]));
    expect(got["accuracy"]).toBeCloseTo(expected["accuracy"], 8);
    expect(got["f1"]).toBeCloseTo(expected["f1Macro"], 8);
    expect(got["f1_weighted"]).toBeCloseTo(expected["f1Weighted"], 8);
    if (classes === 2) expect(got["ap"]).toBeCloseTo(expected["apFromProbability"], 6);
    expect(Object.keys(got).sort()).toEqual([...evaluator.metrics].sort());
  }
});

test("classification: drawn training texts are the same for one seed, and unknown classes are refused", async () => {
  const vectors = Array.from({ length: 40 }, (_, i): Nested => [Math.sin(i), Math.cos(i * i), (i % 2) - 0.3 * Math.sin(7 * i)]);
  const texts = numbered(40).map((text, i) => ({ text, label: i % 2 === 0 ? "even" : "odd" }));
  const run = (seed: number) =>
    createClassificationEvaluator(texts.slice(0, 30), texts.slice(30), { perClass: 3, experiments: 4, seed }).evaluate(rowsOf(vectors));
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
  expect(() => createClassificationEvaluator(texts, [{ text: "0", label: "prime" }])).toThrow(
    expect.objectContaining({ code: "E_LAYOUT", got: '"prime", which no training text has' }),
  );
  expect(() => createClassificationEvaluator(texts, [{ text: "0", label: "a text ".repeat(999) }])).toThrow(
    expect.objectContaining({ got: expect.stringMatching(/^"a text .{1,80}, which no training text has$/) }),
  );
  expect(() => createClassificationEvaluator([texts[0]], texts)).toThrow(expect.objectContaining({ code: "E_LAYOUT" }));
});

describe("clustering", () => {
  test("scores are sklearn's", () => {
    const { cases } = readGolden<{
      cases: { name: string; labels: number[]; clusters: number[]; expected: Record<string, number> }[];
    }>("metrics/clustering.json");
    for (const { name, labels, clusters, expected } of cases) {
      const got = clusterMetrics(labels, clusters);
      expect(got.homogeneity, name).toBeCloseTo(expected["homogeneity"], 8);
      expect(got.completeness, name).toBeCloseTo(expected["completeness"], 8);
      expect(got.v_measure, name).toBeCloseTo(expected["vMeasure"], 8);
      expect(got.v_measure, name).toBeCloseTo(name === "single_point" || name === "one_class" ? got.v_measure : expected["nmi"], 8);
      expect(got.adjusted_rand, name).toBeCloseTo(expected["adjustedRand"], 8);
    }
  });

  test("separate groups are found whole, whatever the seed", async () => {
    const vectors = Array.from({ length: 90 }, (_, i): Nested => [10 * (i % 3) + Math.sin(i), 10 * ((i % 3) - 1) ** 2 + Math.cos(5 * i)]);
    const texts = numbered(90).map((text, i) => ({ text, label: `group ${i % 3}` }));
    for (const seed of [1, 2, 3]) {
      expect(await createClusteringEvaluator(texts, { seed }).evaluate(rowsOf(vectors))).toMatchObject({ v_measure: 1, adjusted_rand: 1 });
    }
  });
});

describe("a probe that computes for long hears a signal that comes meanwhile", () => {
  // Noise without groups: no optimum is near, and seconds pass.
  const [count, dimension] = [3000, 64];
  const noise: TextEmbedder = {
    dimension,
    encode: async (texts) => Float32Array.from({ length: texts.length * dimension }, (_, i) => Math.sin(i * i)),
  };
  const texts = numbered(count).map((text, i) => ({ text, label: `class ${i % 60}` }));

  test.each([
    ["clustering", createClusteringEvaluator(texts)],
    ["classification", createClassificationEvaluator(texts, texts, { c: 1e6 })],
  ])("%s", async (_, evaluator) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error("enough")), 1);
    onTestFinished(() => clearTimeout(timer));
    await expect(evaluator.evaluate(noise, stop.signal)).rejects.toThrow("enough");
  });
});

test("texts with labels are measured whole: no hint offers to leave a row out", async () => {
  const bad = memoryFiles({ "a.jsonl": '{"text": "a", "label": 1}\n{"text": "b"}\n' });
  await expect(readMeasuredTexts(bad, "a.jsonl")).rejects.toMatchObject({
    code: "E_ROW",
    place: 'a.jsonl:2 "label"',
    hint: "correct the row, or take it out of the file",
  });
});

test("bitext: each text finds its translation, or takes another's", async () => {
  const engine = new Engine(createReferenceBackend());
  const vectors: Nested[] = [[1, 0], [0, 1], [0.9, 0.8], [2, 0.1], [0.2, 3], [0, 1]]; // prettier-ignore
  const pairs = [0, 1, 2].map((i) => ({ source: String(i), target: String(i + 3) }));
  const got = await createBitextEvaluator(pairs, { engine }).evaluate(rowsOf(vectors));
  // sources find targets 0, 2 and 0: one of three is right, and precision of target 0 is a half
  expect(got).toEqual({ accuracy: 1 / 3, f1: 2 / 9, precision: 1 / 6, recall: 1 / 3, reverse_accuracy: 2 / 3 });
});

test("weighted scores count a class that is only predicted in the macro mean", () => {
  const got = weightedScores([0, 0, 1], [0, 2, 1]);
  const expected = { accuracy: 2 / 3, f1_macro: (2 / 3 + 1 + 0) / 3, f1: 7 / 9, precision: 1, recall: 2 / 3 };
  for (const [name, value] of Object.entries(expected)) expect(got[name as "f1"], name).toBeCloseTo(value, 12);
});

test("matryoshka: the inner metric at each dimension, texts encoded once", async () => {
  const vectors = Array.from({ length: 20 }, (_, i): Nested => [Math.sin(i), Math.cos(3 * i), Math.sin(i * i), i / 20]);
  const inner = rowsOf(vectors);
  let encoded = 0;
  const counting: TextEmbedder = { ...inner, encode: (texts) => ((encoded += texts.length), inner.encode(texts)) };
  const pairs = numbered(10).map((first, i) => ({ first, second: String(i + 10), score: i }));
  const sts = createStsEvaluator(pairs);
  const evaluator = createMatryoshkaEvaluator(sts, [2, 4]);
  const got = await evaluator.evaluate(counting);
  expect(encoded).toBe(20);
  expect(got["dim4_spearman_cosine"]).toBe((await sts.evaluate(inner))["spearman_cosine"]);
  expect(got["dim2_spearman_cosine"]).toBe(
    (await sts.evaluate(rowsOf(vectors.map((v) => (v as Nested[]).slice(0, 2)))))["spearman_cosine"],
  );
  expect([evaluator.primary, [...evaluator.metrics]]).toEqual(["dim4_spearman_cosine", ["dim4_spearman_cosine", "dim2_spearman_cosine"]]);
  await expect(createMatryoshkaEvaluator(sts, [8]).evaluate(counting)).rejects.toMatchObject({ code: "E_OPTION", place: "dims" });
});

test("labelled pairs are of two kinds: graded ones are not cut at 0", async () => {
  const rows = [0, 0.4, 1].map((label) => `${JSON.stringify({ sentence1: "a", sentence2: "b", label })}\n`);
  await expect(readLabelledPairs(memoryFiles({ "rows.jsonl": rows.join("") }), "rows.jsonl")).rejects.toMatchObject({
    code: "E_LAYOUT",
    got: "3 different ones, such as 0, 0.4, 1",
    hint: "--evaluator sts is for graded pairs",
  });
  await expect(readLabelledPairs(memoryFiles({ "rows.jsonl": rows[0] + rows[2] }), "rows.jsonl")).resolves.toHaveLength(2);
});

test.each([
  ["pairs", readLabelledPairs],
  ["triplets", readTriplets],
  ["translations", readTranslations],
  ["reranking lists", readRerankingSamples],
])("a bad row among %s is named, and leaving it out is not offered", async (_, read: (files: Files, path: string) => Promise<unknown>) => {
  const files = memoryFiles({ "rows.jsonl": '{"anchor": "a", "positive": "b", "negative": "c"}\n{"anchor": "a", "positive": 3}\n' });
  await expect(read(files, "rows.jsonl")).rejects.toMatchObject({
    code: "E_ROW",
    place: 'rows.jsonl:2 "positive"',
    hint: "correct the row, or take it out of the file",
  });
});
