// Clustering: whether k-means on the embeddings finds the classes by itself.

import { AttuneError, definePlugin } from "@attune/core";
import type { LabelledText } from "@attune/data";
import { z } from "zod";
import { clusterMetrics } from "./clustering-metrics.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { labelColumnsOption, readMeasuredTexts } from "./measured-rows.ts";
import { miniBatchKMeans } from "./k-means.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    clustering: { data: string; columns?: { text?: string; label?: string }; seed?: number; starts?: number };
  }
}

/**
 * Mini-batch k-means with as many clusters as there are classes, scored by the v-measure (primary), homogeneity, completeness and the adjusted
 * Rand index, as MTEB's clustering tasks. E_LAYOUT with fewer than two classes.
 */
export function createClusteringEvaluator(
  texts: readonly LabelledText[],
  { name = "clustering", seed = 42, starts = 3 }: { name?: string; seed?: number; starts?: number } = {},
): Evaluator {
  const classes = [...new Set(texts.map(({ label }) => label))];
  if (classes.length < 2) {
    throw new AttuneError({ code: "E_LAYOUT", place: name, expected: "texts of at least two classes", got: String(classes.length) });
  }
  const labels = texts.map(({ label }) => classes.indexOf(label));
  return createEvaluator({
    name,
    metrics: ["v_measure", "homogeneity", "completeness", "adjusted_rand"],
    primary: "v_measure",
    async evaluateQueries(embedder, signal) {
      const { dimension } = embedder;
      const vectors = await embedAll(
        embedder,
        texts.map(({ text }) => text),
        { signal },
      ); // [N D]
      const clusters = await miniBatchKMeans(vectors, { clusters: classes.length, dimension, seed, starts, signal });
      return { metrics: { ...clusterMetrics(labels, clusters) } };
    },
  });
}

/** The evaluator `clustering`. */
export const clusteringEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "clustering",
  summary: "V-measure of k-means clusters against labels",
  options: z.strictObject({
    data: z.string().describe("texts with labels: JSONL, TSV or CSV"),
    columns: labelColumnsOption,
    seed: z.int().nonnegative().default(42).describe("seed of the clusters"),
    starts: z.int().positive().default(3).describe("how often to start; the tightest clusters are kept"),
  }),
  create: async ({ data, columns, ...options }, { files }) =>
    createClusteringEvaluator(await readMeasuredTexts(files, data, columns), options),
});
