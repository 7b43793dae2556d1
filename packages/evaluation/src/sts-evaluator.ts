// Semantic textual similarity: pairs of texts with a human score.

import { AttuneError, definePlugin, type Files } from "@attune/core";
import { textOf } from "@attune/data";
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

/**
 * Pairs from TSV, CSV or JSONL with two texts and a `score` (or a numeric `label`). Errors as in `loadRows`; E_LAYOUT when pairs have no score, or
 * all the same one, with which nothing can correlate.
 */
export async function readScoredPairs(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<ScoredPair[]> {
  const rows = await readMeasuredRows(files, path, columns);
  const pairs = rows.map(({ anchor, positives, score, label }, i) => {
    const given = score ?? label;
    if (given !== undefined) return { first: anchor, second: textOf(positives[0]), score: given };
    throw new AttuneError({
      code: "E_LAYOUT",
      place: path,
      expected: 'a "score" for every pair',
      got: `none for pair ${i + 1} of ${rows.length}`,
    });
  });
  if (pairs.every(({ score }) => score === pairs[0].score)) {
    const got = pairs.length === 1 ? "one pair" : `${pairs.length} pairs with the score ${pairs[0].score}`;
    throw new AttuneError({ code: "E_LAYOUT", place: path, expected: "pairs with at least two different scores", got });
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
