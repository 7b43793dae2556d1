// What is left of the quality when vectors are cut to their first dimensions: another evaluator, run at each of them on texts encoded once.

import { definePlugin } from "@attune/core";
import { z } from "zod";
import { remembering, truncated } from "./embedders.ts";
import { createEvaluator, type Evaluator } from "./evaluator.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    matryoshka: { data: string; dims: number[]; of?: string; split?: string };
  }
}

/**
 * The primary metric of `inner` at each dimension, as `dim64_ndcg@10`; primary: that of the largest. Vectors are cut, not normalised again, as
 * sentence-transformers' truncate_dim does.
 */
export function createMatryoshkaEvaluator(inner: Evaluator, dims: readonly number[]): Evaluator {
  const nameOf = (dim: number): string => `dim${dim}_${inner.primary}`;
  const sorted = [...new Set(dims)].sort((a, b) => b - a);
  return createEvaluator({
    name: "matryoshka",
    metrics: sorted.map(nameOf),
    primary: nameOf(sorted[0]),
    async evaluateQueries(embedder, signal) {
      const all = remembering(embedder);
      const metrics: Record<string, number> = {};
      for (const dim of sorted) metrics[nameOf(dim)] = (await inner.evaluate(truncated(all, dim), signal))[inner.primary];
      return { metrics };
    },
  });
}

/** The evaluator `matryoshka`. */
export const matryoshkaEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "matryoshka",
  summary: "Another evaluator at several dimensions of the same vectors",
  options: z.strictObject({
    data: z.string().describe("what the other evaluator reads"),
    dims: z.array(z.int().positive()).min(1).describe("dimensions that vectors are cut to"),
    of: z.string().optional().describe("the other evaluator; default retrieval for a folder, sts for a file"),
    split: z.string().optional().describe("which qrels, for retrieval"),
  }),
  async create({ data, dims, of, split }, context) {
    const name = of ?? ((await context.files.status(data))?.kind === "file" ? "sts" : "retrieval");
    const inner = await context.registry.create("evaluator", name, { data, ...(split !== undefined && { split }) }, context);
    return createMatryoshkaEvaluator(inner, dims);
  },
});
