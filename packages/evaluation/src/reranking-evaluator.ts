// Reranking: lists of a query ordered by a model, before and after. Semantics of sentence-transformers: RerankingEvaluator for embeddings,
// CrossEncoderRerankingEvaluator for models that score pairs.

import { AttuneError, definePlugin } from "@attune/core";
import { z } from "zod";
import { createEvaluator, embedAll, type Evaluation, type Evaluator, type TextEmbedder } from "./evaluator.ts";
import { columnsOption } from "./measured-rows.ts";
import { listMetrics, type ListScores } from "./list-metrics.ts";
import { expectFiniteScores, normalizeRows } from "@attune/search";
import type { PairScorer, TextPair } from "@attune/search";
import { readRerankingSamples, type RerankingSample } from "./reranking-set.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    reranking: {
      data: string;
      k?: number;
      similarity?: "cosine" | "dot";
      alwaysRerankPositives?: boolean;
      columns?: Record<string, string>;
    };
  }
}

export interface RerankingOptions {
  readonly name?: string;
  /** Cut-off of MRR and nDCG. */
  readonly k?: number;
  /** Of embeddings. */
  readonly similarity?: "cosine" | "dot";
  /** Ranks positives too that a search did not find; otherwise the documents that it found, alone. */
  readonly alwaysRerankPositives?: boolean;
}

/** An evaluator that measures models which score pairs, too. */
export interface RerankingEvaluator extends Evaluator {
  evaluatePairs(score: PairScorer): Promise<Evaluation>;
}

/** What is ranked for a sample. */
interface List {
  readonly query: string;
  readonly documents: readonly string[];
  readonly relevant: readonly boolean[];
  /** Of the order before, from samples that have one. */
  readonly base?: ListScores;
}

/**
 * Metrics `map`, `mrr@k` and `ndcg@k`, and the same of the order before under `base_…` where samples have one, over the same lists. Embeddings leave
 * out lists that hold nothing relevant, or nothing else, and say so in `notes`; scored pairs count a list without a relevant document as 0. With
 * `alwaysRerankPositives` off, the base of scored pairs still counts positives that the search missed, as the peer does, and the new order does not.
 * E_EMPTY where no list can be ordered wrongly: every order of relevant documents alone is perfect.
 */
export function createRerankingEvaluator(samples: readonly RerankingSample[], options: RerankingOptions = {}): RerankingEvaluator {
  const { name = "reranking", k = 10, similarity = "cosine", alwaysRerankPositives = true } = options;
  const lists = samples.map((sample) => listOf(sample, { k, alwaysRerankPositives }));
  const idOf = new Map(lists.map((list, i) => [list, String(i)])); // of all lists, so that models that leave some out are paired
  const orderable = lists.filter(({ relevant }) => relevant.includes(true) && relevant.includes(false));
  const leftOut = lists.length - orderable.length;
  const searched = lists.some(({ base }) => base);
  const primary = `ndcg@${k}`;
  const named = (prefix: string, { map, mrr, ndcg }: ListScores) => ({
    [`${prefix}map`]: map,
    [`${prefix}mrr@${k}`]: mrr,
    [`${prefix}${primary}`]: ndcg,
  });
  const evaluation = (kept: readonly List[], base: readonly ListScores[], scores: ArrayLike<number>): Evaluation => {
    const all = Array.from(scores);
    let at = 0;
    const found = kept.map(({ relevant }) => listMetrics(relevant, all.slice(at, (at += relevant.length)), k));
    return {
      metrics: { ...named("", meanOf(found)), ...(searched && named("base_", meanOf(base))) },
      perQuery: new Map(found.map(({ ndcg }, i) => [idOf.get(kept[i])!, ndcg])),
      queries: new Map(kept.map((list) => [idOf.get(list)!, list.query])),
    };
  };
  const empty = { map: 0, mrr: 0, ndcg: 0 };
  return {
    ...createEvaluator({
      name,
      metrics: Object.keys({ ...named("", empty), ...(searched && named("base_", empty)) }),
      primary,
      ...(leftOut > 0 && { notes: [`${leftOut} of ${lists.length} lists left out: nothing relevant in them, or nothing else`] }),
      async evaluateQueries(embedder, signal) {
        if (orderable.length === 0) throw nothingToRank();
        // Where only what was found is ranked, a positive that was not is in neither figure; the peer has no such base to follow.
        const base = orderable.flatMap((list) => (list.base ? [alwaysRerankPositives ? list.base : inOrder(list.relevant, k)] : []));
        return evaluation(orderable, base, await similaritiesOf(orderable, embedder, { similarity, signal }));
      },
    }),
    async evaluatePairs(score) {
      if (!lists.some(({ relevant }) => relevant.includes(false))) throw nothingToRank();
      const pairs = lists.flatMap(({ query, documents }): TextPair[] => documents.map((document) => ({ query, document })));
      const scores = await score(pairs);
      expectFiniteScores(scores, pairs);
      const base = lists.flatMap((list) => list.base ?? []);
      return evaluation(lists, base, scores);
    },
  };
}

/** Of every query with each of its documents, list after list. */
async function similaritiesOf(
  lists: readonly List[],
  embedder: TextEmbedder,
  { similarity, signal }: { similarity: "cosine" | "dot"; signal: AbortSignal | undefined },
): Promise<number[]> {
  const { dimension } = embedder;
  const encode = async (texts: readonly string[], side: "query" | "document") => {
    const vectors = await embedAll(embedder, texts, { side, signal });
    return similarity === "cosine" ? normalizeRows(vectors, dimension) : vectors;
  };
  const queries = await encode(
    lists.map(({ query }) => query),
    "query",
  ); // [Q D]
  const documents = await encode(
    lists.flatMap((list) => list.documents),
    "document",
  ); // [N D]
  const owners = lists.flatMap((list, query) => list.documents.map(() => query));
  return owners.map((query, i) => dot(queries, query, documents, i, dimension));
}

/** The evaluator `reranking`. */
export const rerankingEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "reranking",
  summary: "MAP, MRR and nDCG of lists that a model orders, by embeddings or by a cross-encoder, and of the order before",
  options: z.strictObject({
    data: z
      .string()
      .describe("rows with positives and negatives, or JSON lines {query, positive, documents}, documents in the order of a search"),
    k: z.int().positive().default(10).describe("cut-off of MRR and nDCG"),
    similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
    alwaysRerankPositives: z.boolean().default(true).describe("rank positives, too, that the search did not find"),
    columns: columnsOption,
  }),
  create: async ({ data, columns, ...options }, { files }) =>
    createRerankingEvaluator(await readRerankingSamples(files, data, columns), options),
});

/** Whether an evaluator measures models that score pairs. */
export function ranksPairs(evaluator: Evaluator): evaluator is RerankingEvaluator {
  return "evaluatePairs" in evaluator;
}

function listOf(
  { query, positives, negatives = [], documents }: RerankingSample,
  { k, alwaysRerankPositives }: { k: number; alwaysRerankPositives: boolean },
): List {
  const base = documents && { base: baseMetrics(positives, documents, k) };
  if (documents && !alwaysRerankPositives) {
    return { query, documents, relevant: documents.map((text) => positives.includes(text)), ...base };
  }
  const others = documents ? documents.filter((text) => !positives.includes(text)) : negatives;
  const relevant = [...positives.map(() => true), ...others.map(() => false)];
  return { query, documents: [...positives, ...others], relevant, ...base };
}

/** Of the order that a search gave; what it did not find comes last, and all is 0 where it found nothing. */
function baseMetrics(positives: readonly string[], documents: readonly string[], k: number): ListScores {
  const found = documents.map((text) => positives.includes(text));
  const count = found.filter(Boolean).length;
  if (count === 0) return { map: 0, mrr: 0, ndcg: 0 };
  return inOrder([...found, ...Array.from({ length: Math.max(0, positives.length - count) }, () => true)], k);
}

function inOrder(relevant: readonly boolean[], k: number): ListScores {
  const scores = relevant.map((_, i) => -i);
  return listMetrics(relevant, scores, k);
}

function meanOf(lists: readonly ListScores[]): ListScores {
  const mean = (metric: keyof ListScores): number => lists.reduce((sum, list) => sum + list[metric], 0) / Math.max(1, lists.length);
  return { map: mean("map"), mrr: mean("mrr"), ndcg: mean("ndcg") };
}

function dot(a: Float32Array, i: number, b: Float32Array, j: number, dimension: number): number {
  let sum = 0;
  for (let d = 0; d < dimension; d++) sum += a[i * dimension + d] * b[j * dimension + d];
  return sum;
}

function nothingToRank(): AttuneError {
  const problem = "has no list with both relevant and other documents";
  return new AttuneError({ code: "E_EMPTY", place: "reranking", problem, hint: "rows need negatives beside their positives" });
}
