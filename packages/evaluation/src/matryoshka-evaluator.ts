// What is left of the quality when vectors are cut to their first dimensions: another evaluator, run at each of them on texts encoded once.

import { definePlugin } from "@attune/core";
import { z } from "zod";
import { conventionNames, type Convention } from "./conventions.ts";
import { remembering, truncated } from "./embedders.ts";
import { createEvaluator, type Evaluator } from "./evaluator.ts";
import { similarityOption } from "./similarity-option.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    matryoshka: {
      data: string;
      dims: number[];
      of?: string;
      similarity?: "cosine" | "dot";
      split?: string;
      corpus?: string;
      k?: number[];
      convention?: Convention;
      ignoreIdenticalIds?: boolean;
    };
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
    ...(inner.notes && { notes: inner.notes }),
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
    of: z.string().optional().describe("the other evaluator; default retrieval for a folder or beside a corpus, sts for a file"),
    similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings, where the other evaluator takes one"),
    split: z.string().optional().describe("which qrels, for retrieval"),
    corpus: z.string().optional().describe("passages that the positives of a file of rows are found among, for retrieval"),
    k: z.array(z.int().positive()).min(1).optional().describe("cut-offs of the metrics, for retrieval"),
    convention: z.enum(conventionNames).optional().describe("whose semantics the metrics have, for retrieval"),
    ignoreIdenticalIds: z.boolean().optional().describe("leave out the document whose id is that of the query, for retrieval"),
  }),
  async create({ data, dims, of, similarity, ...options }, context) {
    const { files, registry } = context;
    const pairs = options.corpus === undefined && (await files.status(data))?.kind === "file";
    const plugin = registry.get("evaluator", of ?? (pairs ? "sts" : "retrieval"));
    const inner = await registry.create("evaluator", plugin, { data, ...similarityOption(plugin, similarity), ...options }, context);
    return createMatryoshkaEvaluator(inner, dims);
  },
});
