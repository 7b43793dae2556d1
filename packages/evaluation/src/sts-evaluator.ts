// Semantic textual similarity: pairs of texts with a human score.

import { AttuneError, definePlugin, type Files } from "@attune/core";
import { labelOf, textOf, type Row } from "@attune/data";
import { z } from "zod";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { columnsOption, readMeasuredRows } from "./measured-rows.ts";
import { evaluateSimilarity, similarityMetricNames } from "./similarity-metrics.ts";

export interface ScoredPair {
  readonly first: string;
  readonly second: string;
  /** On any scale; higher is more similar. */
  readonly score: number;
}

/** Pairs from TSV, CSV or JSONL with two texts and a `score` (or a numeric `label`). Errors as in `loadRows` and `scoredPairsOf`. */
export async function readScoredPairs(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<ScoredPair[]> {
  return scoredPairsOf(await readMeasuredRows(files, path, columns), path);
}

/** Rows as scored pairs. E_LAYOUT at `place` when rows have no score, or all the same one, with which nothing can correlate. */
export function scoredPairsOf(rows: readonly Row[], place: string): ScoredPair[] {
  const pairs = rows.map((row, i) => {
    const score = labelOf(row);
    if (score !== undefined) return { first: row.anchor, second: textOf(row.positives[0]), score };
    throw new AttuneError({
      code: "E_LAYOUT",
      place,
      expected: 'a "score" for every pair',
      got: `none for pair ${i + 1} of ${rows.length}`,
      hint: "pairs without scores are measured by --evaluator retrieval: each anchor should find its positive among all of them",
    });
  });
  if (pairs.every(({ score }) => score === pairs[0].score)) {
    const got = pairs.length === 1 ? "one pair" : `${pairs.length} pairs with the score ${pairs[0].score}`;
    throw new AttuneError({ code: "E_LAYOUT", place, expected: "pairs with at least two different scores", got });
  }
  return pairs;
}

/** An evaluator over scored pairs; its primary metric is Spearman's rho of the cosine. */
export function createStsEvaluator(pairs: readonly ScoredPair[], { name = "sts" }: { name?: string } = {}): Evaluator {
  const scores = pairs.map(({ score }) => score);
  return createEvaluator({
    name,
    metrics: similarityMetricNames,
    primary: "spearman_cosine",
    async evaluateQueries(embedder, signal) {
      // Both halves at once: a text that stands on both sides is the same vector anyway, and long calls batch better.
      const texts = [...pairs.map(({ first }) => first), ...pairs.map(({ second }) => second)];
      const vectors = await embedAll(embedder, texts, { signal }); // [2N D]
      return { metrics: evaluateSimilarity(vectors.subarray(0, vectors.length / 2), vectors.subarray(vectors.length / 2), scores) };
    },
  });
}

/** The evaluator `sts`. */
export const stsEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "sts",
  summary: "Spearman and Pearson of embedding similarity with human scores",
  options: z.strictObject({
    data: z.string().describe("TSV, CSV or JSONL with two texts and a score per line"),
    columns: columnsOption,
  }),
  create: async ({ data, columns }, { files }) => createStsEvaluator(await readScoredPairs(files, data, columns)),
});
