// Pairs that belong together or do not: how well a threshold on the similarity of two embeddings tells.

import { AttuneError, definePlugin, type Files } from "@attune/core";
import { labelOf, textOf } from "@attune/data";
import { z } from "zod";
import { binaryMetrics, type BinaryScores } from "./binary-metrics.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { columnsOption, readMeasuredRows } from "./measured-rows.ts";
import { rowSimilarities, similarities } from "./similarity-metrics.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    "pair-classification": { data: string; columns?: Record<string, string> };
  }
}

export interface LabelledPair {
  readonly first: string;
  readonly second: string;
  /** Above 0: they belong together. */
  readonly label: number;
}

type Similarity = keyof typeof similarities;
const names = Object.keys(similarities) as Similarity[];
const kinds = [
  "accuracy",
  "accuracy_threshold",
  "f1",
  "f1_threshold",
  "precision",
  "recall",
  "ap",
  "mcc",
] as const satisfies (keyof BinaryScores)[];

/** Pairs from TSV, CSV or JSONL with two texts and a label. Errors as in `loadRows`; E_LAYOUT without labels, with graded ones or only one kind. */
export async function readLabelledPairs(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<LabelledPair[]> {
  const rows = await readMeasuredRows(files, path, columns);
  const pairs = rows.map((row, i) => {
    const label = labelOf(row);
    if (label !== undefined) return { first: row.anchor, second: textOf(row.positives[0]), label };
    const got = `none for pair ${i + 1} of ${rows.length}`;
    throw new AttuneError({ code: "E_LAYOUT", place: path, expected: 'a "label" (0 or 1) for every pair', got });
  });
  const values = new Set(pairs.map(({ label }) => label));
  if (values.size > 2) {
    const got = `${values.size} different ones, such as ${[...values].slice(0, 3).join(", ")}`;
    const hint = "--evaluator sts is for graded pairs";
    throw new AttuneError({ code: "E_LAYOUT", place: path, expected: "labels of two kinds (0 and 1)", got, hint });
  }
  const positive = pairs.filter(({ label }) => label > 0).length;
  if (positive === 0 || positive === pairs.length) {
    const got = `${positive} positive of ${pairs.length}`;
    throw new AttuneError({ code: "E_LAYOUT", place: path, expected: "pairs with label 1 and pairs with label 0", got });
  }
  return pairs;
}

/**
 * An evaluator over labelled pairs: `cosine_ap`, `dot_f1` …, and `max_ap` of the four similarities, its primary metric.
 * Semantics of sentence-transformers' BinaryClassificationEvaluator; thresholds of euclidean and manhattan are distances.
 */
export function createPairClassificationEvaluator(
  pairs: readonly LabelledPair[],
  { name = "pair-classification" }: { name?: string } = {},
): Evaluator {
  const labels = pairs.map(({ label }) => label);
  return createEvaluator({
    name,
    metrics: [...names.flatMap((similarity) => kinds.map((kind) => `${similarity}_${kind}`)), "max_ap"],
    primary: "max_ap",
    async evaluateQueries(embedder, signal) {
      const texts = [...pairs.map(({ first }) => first), ...pairs.map(({ second }) => second)];
      const vectors = await embedAll(embedder, texts, { signal }); // [2N D]
      const half = vectors.length / 2;
      const metrics: Record<string, number> = {};
      for (const similarity of names) {
        const isDistance = similarity === "euclidean" || similarity === "manhattan";
        const values = rowSimilarities(similarity, vectors.subarray(0, half), vectors.subarray(half), embedder.dimension);
        const scores = isDistance ? values.map((value) => -value) : values;
        const found = binaryMetrics(scores, labels, { lowerIsPositive: isDistance });
        for (const kind of kinds) metrics[`${similarity}_${kind}`] = found[kind];
      }
      metrics["max_ap"] = Math.max(...names.map((similarity) => metrics[`${similarity}_ap`]));
      return { metrics };
    },
  });
}

/** The evaluator `pair-classification`. */
export const pairClassificationEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "pair-classification",
  summary: "Average precision, best F1 and accuracy of telling pairs that belong together",
  options: z.strictObject({
    data: z.string().describe("TSV, CSV or JSONL with two texts and a label (0 or 1) per line"),
    columns: columnsOption,
  }),
  create: async ({ data, columns }, { files }) => createPairClassificationEvaluator(await readLabelledPairs(files, data, columns)),
});
