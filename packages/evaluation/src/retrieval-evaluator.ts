// Retrieval: embeds queries and corpus, searches exactly, scores the run.

import { definePlugin } from "@attune/core";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { conventionNames, type Convention } from "./conventions.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { exactSearch, type Neighbours } from "./exact-search.ts";
import { queryAnswers } from "./query-answers.ts";
import { defaultCutoffs, evaluateRetrieval, retrievalMetricNames } from "./retrieval-metrics.ts";
import { readRetrievalSet, type RetrievalSet } from "./retrieval-set.ts";
import type { Run } from "./run.ts";

export interface RetrievalEvaluatorOptions {
  readonly engine: Engine;
  readonly name?: string;
  /** Cut-offs of the metrics; the largest is the depth of the search. */
  readonly k?: readonly number[];
  /** `cosine` normalises the vectors. */
  readonly similarity?: "cosine" | "dot";
  /** Whose semantics the metrics have. */
  readonly convention?: Convention;
  /** Leaves out the document whose id is that of the query. */
  readonly ignoreIdenticalIds?: boolean;
}

/** An evaluator over a retrieval set; its primary metric is nDCG at 10, or at the first cut-off where 10 is not among them. */
export function createRetrievalEvaluator(set: RetrievalSet, options: RetrievalEvaluatorOptions): Evaluator {
  const { engine, name = "retrieval", k = defaultCutoffs, similarity = "cosine", convention, ignoreIdenticalIds } = options;
  const primary = `ndcg@${k.includes(10) ? 10 : k[0]}`;
  return createEvaluator({
    name,
    metrics: retrievalMetricNames(k, convention),
    primary,
    ranks: true,
    async evaluateQueries(embedder, signal) {
      const prepare =
        similarity === "cosine"
          ? (vectors: Float32Array) => normalizeRows(vectors, embedder.dimension)
          : (vectors: Float32Array) => vectors;
      const queries = prepare(await embedAll(embedder, [...set.queries.values()], { side: "query", signal })); // [Q D]
      const corpus = prepare(await embedAll(embedder, [...set.corpus.values()], { side: "document", signal })); // [N D]
      const depth = Math.max(...k) + (ignoreIdenticalIds ? 1 : 0);
      const found = await exactSearch(engine, queries, corpus, { k: depth, dimension: embedder.dimension, signal });
      const run = runOf(set, found);
      const { means, perQuery } = evaluateRetrieval(set.qrels, run, { k, convention, ignoreIdenticalIds });
      const answers = queryAnswers(set, run, { queries, corpus, dimension: embedder.dimension, ignoreIdenticalIds });
      return { metrics: means, perQuery: new Map([...perQuery].map(([query, scores]) => [query, scores[primary]])), run, answers };
    },
  });
}

/** How retrieval metrics are computed, as options of a schema. */
export const metricOptions = {
  k: z
    .array(z.int().positive())
    .min(1)
    .default([...defaultCutoffs])
    .describe("cut-offs of the metrics"),
  convention: z.enum(conventionNames).default("pytrec_eval").describe("whose semantics the metrics have"),
  ignoreIdenticalIds: z.boolean().default(false).describe("leave out the document whose id is that of the query"),
};

/** The evaluator `retrieval`. */
export const retrievalEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "retrieval",
  summary: "nDCG, MAP, MRR, recall and precision over a BEIR folder, by exact search",
  options: z.strictObject({
    data: z.string().describe("folder with corpus.jsonl, queries.jsonl and qrels/<split>.tsv"),
    split: z.string().default("test").describe("which qrels"),
    similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
    ...metricOptions,
  }),
  async create({ data, split, ...options }, { files, backend }) {
    const set = await readRetrievalSet(files, data, split);
    return createRetrievalEvaluator(set, { engine: new Engine(backend), ...options });
  },
});

function runOf({ queries, corpus }: RetrievalSet, { width, index, scores }: Neighbours): Run {
  const documents = [...corpus.keys()];
  const hitsOf = (query: number) =>
    Array.from({ length: width }, (_, i) => ({ document: documents[index[query * width + i]], score: scores[query * width + i] }));
  return new Map([...queries.keys()].map((id, query) => [id, hitsOf(query)]));
}

/** Rows of length 1, in place; rows of zeros stay. */
function normalizeRows(vectors: Float32Array, dimension: number): Float32Array {
  for (let start = 0; start < vectors.length; start += dimension) {
    const row = vectors.subarray(start, start + dimension);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) for (let i = 0; i < dimension; i++) row[i] /= norm;
  }
  return vectors;
}
