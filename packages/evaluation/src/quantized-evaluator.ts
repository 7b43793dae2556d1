// What is left of retrieval when documents are kept in a byte or a bit per dimension: the same vectors, searched in each form.

import { definePlugin } from "@attune/core";
import { bytesPerEmbedding, embeddingPrecisions, quantizedSearch, type EmbeddingPrecision } from "@attune/quantization";
import { exactSearch, normalizeRows } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import type { Convention } from "./conventions.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { runOfNeighbours } from "./neighbours-run.ts";
import { metricOptions } from "./retrieval-evaluator.ts";
import { defaultCutoffs, evaluateRetrieval } from "./retrieval-metrics.ts";
import { openRetrievalSet, type RetrievalSet } from "./retrieval-set.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    quantized: {
      data: string;
      split?: string;
      corpus?: string;
      precisions?: EmbeddingPrecision[];
      rescoreMultiplier?: number;
      similarity?: "cosine" | "dot";
      k?: number[];
      convention?: Convention;
      ignoreIdenticalIds?: boolean;
    };
  }
}

export interface QuantizedEvaluatorOptions {
  readonly engine: Engine;
  readonly precisions?: readonly EmbeddingPrecision[];
  /** Candidates per wanted hit that the float query scores again; 0 for none. */
  readonly rescoreMultiplier?: number;
  readonly similarity?: "cosine" | "dot";
  /** Cut-offs; nDCG is measured at 10, or at the first where 10 is not among them. */
  readonly k?: readonly number[];
  readonly convention?: Convention;
  readonly ignoreIdenticalIds?: boolean;
}

/**
 * The primary metric of retrieval for float32 and for each precision, as `int8_ndcg@10`, and the bytes that an embedding takes, as `int8_bytes`;
 * primary: that of float32, so that precisions cannot choose a model. int8 and uint8 are calibrated on the corpus.
 */
export function createQuantizedEvaluator(set: RetrievalSet, options: QuantizedEvaluatorOptions): Evaluator {
  const { engine, precisions = embeddingPrecisions, rescoreMultiplier = 4, similarity = "cosine", k = defaultCutoffs } = options;
  const { convention, ignoreIdenticalIds = false } = options;
  const metric = `ndcg@${k.includes(10) ? 10 : k[0]}`;
  const measured = ["float32", ...new Set(precisions)] as const;
  return createEvaluator({
    name: "quantized",
    metrics: measured.flatMap((precision) => [`${precision}_${metric}`, `${precision}_bytes`]),
    primary: `float32_${metric}`,
    async evaluateQueries(embedder, signal) {
      const { dimension } = embedder;
      const embed = async (texts: Iterable<string>, side: "query" | "document") => {
        const vectors = await embedAll(embedder, [...texts], { side, ...(signal && { signal }) });
        return similarity === "cosine" ? normalizeRows(vectors, dimension) : vectors;
      };
      const queries = await embed(set.queries.values(), "query"); // [Q D]
      const corpus = await embed(set.corpus.values(), "document"); // [N D]
      const depth = Math.max(...k) + (ignoreIdenticalIds ? 1 : 0);
      const metrics: Record<string, number> = {};
      for (const precision of measured) {
        const search = { k: depth, dimension, ...(signal && { signal }) };
        const found =
          precision === "float32"
            ? await exactSearch(engine, queries, corpus, search)
            : await quantizedSearch(engine, queries, corpus, { ...search, precision, rescoreMultiplier });
        const run = runOfNeighbours(set, found);
        metrics[`${precision}_${metric}`] = evaluateRetrieval(set.qrels, run, { k, convention, ignoreIdenticalIds }).means[metric];
        metrics[`${precision}_bytes`] = bytesPerEmbedding(precision, dimension);
      }
      return { metrics };
    },
  });
}

/** The evaluator `quantized`. */
export const quantizedEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "quantized",
  summary: "nDCG of retrieval with embeddings of a byte or a bit per dimension, beside float32, and the bytes that each takes",
  options: z.strictObject({
    data: z.string().describe("a retrieval task: a BEIR folder, or a file of rows"),
    split: z.string().default("test").describe("which qrels"),
    corpus: z.string().optional().describe("passages that the positives of a file of rows are found among, by text"),
    precisions: z
      .array(z.enum(embeddingPrecisions))
      .min(1)
      .default([...embeddingPrecisions])
      .describe("forms of an embedding"),
    rescoreMultiplier: z
      .int()
      .nonnegative()
      .default(4)
      .describe("candidates per hit that are scored again with the float query; 0 for none"),
    similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
    ...metricOptions,
  }),
  async create({ data, split, corpus, ...options }, context) {
    const set = await openRetrievalSet(context.files, { data, split, corpus });
    return createQuantizedEvaluator(set, { engine: new Engine(context.backend), ...options });
  },
});
