// A model that has diverged gets no figure: sorted by NaN, any list would look well ordered.

import { createReferenceBackend, Engine } from "@attune/tensor";
import { expect, test } from "vitest";
import { createBitextEvaluator } from "./bitext-evaluator.ts";
import { createClassificationEvaluator } from "./classification-evaluator.ts";
import { createClusteringEvaluator } from "./clustering-evaluator.ts";
import type { Evaluator, TextEmbedder } from "./evaluator.ts";
import { createLatencyEvaluator } from "./latency-evaluator.ts";
import { createMatryoshkaEvaluator } from "./matryoshka-evaluator.ts";
import { createPairClassificationEvaluator } from "./pair-classification-evaluator.ts";
import { createQuantizedEvaluator } from "./quantized-evaluator.ts";
import { createRerankingEvaluator } from "./reranking-evaluator.ts";
import { createRetrievalEvaluator } from "./retrieval-evaluator.ts";
import { retrievalSetOf } from "./retrieval-set.ts";
import { createStsEvaluator } from "./sts-evaluator.ts";
import { createTripletEvaluator } from "./triplet-evaluator.ts";

/** Of all texts but one. */
const broken: TextEmbedder = {
  dimension: 2,
  encode: async (texts) => Float32Array.from(texts.flatMap((text) => (text === "bad" ? [1, NaN] : [1, text.length]))),
};
const engine = new Engine(createReferenceBackend());
const set = retrievalSetOf([{ anchor: "a", positives: ["bad"], negatives: ["c"] }]);
const labelled = [
  { text: "a", label: "0" },
  { text: "bad", label: "1" },
];
const pairs = [
  { first: "a", second: "b", score: 1, label: 1 },
  { first: "a", second: "bad", score: 0, label: 0 },
];
const evaluators: readonly Evaluator[] = [
  createRetrievalEvaluator(set, { engine }),
  createQuantizedEvaluator(set, { engine }),
  createStsEvaluator(pairs),
  createMatryoshkaEvaluator(createStsEvaluator(pairs), [2]),
  createPairClassificationEvaluator(pairs),
  createTripletEvaluator([{ anchor: "a", positive: "bad", negative: "c" }]),
  createClassificationEvaluator(labelled, labelled),
  createClusteringEvaluator(labelled),
  createBitextEvaluator([{ source: "a", target: "bad" }], { engine }),
  createRerankingEvaluator([{ query: "a", positives: ["bad"], negatives: ["c"] }]),
  createLatencyEvaluator({ queries: ["a"], documents: ["bad"] }, { singles: 1 }),
];

test.each(evaluators.map((evaluator) => [evaluator.name, evaluator] as const))("%s", async (_, evaluator) => {
  const expected = { code: "E_NON_FINITE", sentence: 'embedding of "bad" contains NaN' };
  await expect(evaluator.evaluate(broken)).rejects.toMatchObject(expected);
});

test("reranking by scored pairs", async () => {
  const evaluator = createRerankingEvaluator([{ query: "q", positives: ["p"], negatives: ["n"] }]);
  const expected = { code: "E_NON_FINITE", sentence: 'score of "q" with "n" is NaN' };
  await expect(evaluator.evaluatePairs(async () => [0, NaN])).rejects.toMatchObject(expected);
});
