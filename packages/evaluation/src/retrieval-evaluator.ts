// Retrieval: embeds queries and corpus, searches - exactly, or by an index - and scores the run.

import { AttuneError, definePlugin } from "@attune/core";
import { exactSearch, indexChoice, normalizeRows, searchBy, type NeighbourSearch, type RowSource } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { conventionNames, type Convention } from "./conventions.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { runOfNeighbours } from "./neighbours-run.ts";
import { queryAnswers } from "./query-answers.ts";
import { defaultCutoffs, evaluateRetrieval, retrievalMetricNames } from "./retrieval-metrics.ts";
import { openRetrievalSet, type RetrievalSet } from "./retrieval-set.ts";

export interface RetrievalEvaluatorOptions {
  readonly engine: Engine;
  readonly name?: string;
  /** Cut-offs of the metrics. */
  readonly k?: readonly number[];
  /** Documents that are found for a query, no fewer than the largest cut-off; as many when left out. */
  readonly depth?: number | undefined;
  /** `cosine` normalises the vectors. */
  readonly similarity?: "cosine" | "dot";
  /** Whose semantics the metrics have. */
  readonly convention?: Convention;
  /** Leaves out the document whose id is that of the query. */
  readonly ignoreIdenticalIds?: boolean;
  /** Finds the documents, in place of exact search. */
  readonly search?: NeighbourSearch | undefined;
}

/**
 * An evaluator over a retrieval set; its primary metric is nDCG at 10, or at the first cut-off where 10 is not among them. E_OPTION for a depth below the
 * largest cut-off.
 */
export function createRetrievalEvaluator(set: RetrievalSet, options: RetrievalEvaluatorOptions): Evaluator {
  const { engine, name = "retrieval", k = defaultCutoffs, similarity = "cosine", convention, ignoreIdenticalIds, search } = options;
  const { depth = Math.max(...k) } = options;
  expectDeepEnough(depth, k);
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
      const { dimension } = embedder;
      const most = { k: depth + (ignoreIdenticalIds ? 1 : 0), signal };
      const found = search
        ? await search(queries, rowSource(corpus, dimension), most)
        : await exactSearch(engine, queries, corpus, { ...most, dimension });
      const run = runOfNeighbours(set, found);
      const { means, perQuery } = evaluateRetrieval(set.qrels, run, { k, convention, ignoreIdenticalIds });
      const answers = queryAnswers(set, run, { queries, corpus, dimension, ignoreIdenticalIds });
      return { metrics: means, perQuery: new Map([...perQuery].map(([query, scores]) => [query, scores[primary]])), run, set, answers };
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
  summary: "nDCG, MAP, MRR, recall and precision over a BEIR folder, by exact search or an index",
  options: z.strictObject({
    data: z.string().describe("folder with corpus.jsonl, queries.jsonl and qrels/<split>.tsv, or a file of rows"),
    split: z.string().default("test").describe("which qrels"),
    corpus: z
      .string()
      .optional()
      .describe("passages that the positives of a file of rows are found among, by text; its own texts when left out"),
    similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
    index: indexChoice,
    ...metricOptions,
    depth: z
      .int()
      .positive()
      .optional()
      .describe(
        "documents that are found for a query, and that a reranker scores again; without one no fewer than the largest cut-off, and as many when left out",
      ),
  }),
  async create({ data, split, corpus, index, ...options }, context) {
    const set = await openRetrievalSet(context.files, { data, split, corpus });
    const search = searchBy(index, options.similarity === "cosine" ? "cosine" : "ip", context);
    return createRetrievalEvaluator(set, { engine: new Engine(context.backend), search, ...options });
  },
});

function expectDeepEnough(depth: number, k: readonly number[]): void {
  const largest = Math.max(...k);
  if (depth >= largest) return;
  const fitting = k.filter((one) => one <= depth);
  throw new AttuneError({
    code: "E_OPTION",
    place: `--depth ${depth}`,
    problem: `is below ${largest}, the largest cut-off: metrics at ${largest} need as many documents`,
    hint: `give cut-offs up to it (--k ${fitting.join(",") || depth}), or a larger depth`,
  });
}

function rowSource(corpus: Float32Array, dimension: number): RowSource {
  const read = (start: number, count: number): Float32Array => corpus.subarray(start * dimension, (start + count) * dimension);
  return { rows: corpus.length / dimension, dimension, read };
}
