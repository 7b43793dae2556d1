// From a ranking to the pools that are selected from, some queries at a time: scores of positives, another scorer's opinion, likeness to positives.

import { createPace } from "@attune/core";
import type { PairScorer } from "@attune/search";
import { candidatesOf, type Pairs, type Ranking } from "./ranking.ts";
import type { Pool } from "./filters.ts";
import type { CandidateSource, TaskVectors } from "./miner.ts";
import type { MiningTask } from "./task.ts";
import { dotRows, unitVectors, type VectorSource } from "./vectors.ts";

export interface PoolOptions {
  readonly task: MiningTask;
  readonly candidates: CandidateSource;
  /** The queries from `first` to `end`, and their ranking. */
  readonly first: number;
  readonly end: number;
  readonly ranking: Ranking;
  /** Replaces the scores and the order of the candidates. */
  readonly rescore?: PairScorer;
  /** With these, pools know how near candidates are to positives. */
  readonly vectors?: TaskVectors;
  readonly signal?: AbortSignal;
}

/** The pools of the ranked queries in order. Texts and vectors of one piece of the queries are in memory. */
export async function* poolsOf(options: PoolOptions): AsyncGenerator<Pool> {
  const { task, candidates, first, end, ranking, rescore, vectors, signal } = options;
  const positiveScores = await scorePositives(task, candidates, { first, end });
  const unit = vectors && unitVectors(vectors.documents);
  const pace = createPace(signal);
  const piece = Math.max(1, Math.min(QUERIES, Math.floor(CANDIDATES / ranking.width)));
  for (let start = first; start < end; start += piece) {
    signal?.throwIfAborted();
    if (pace.due) await pace.pause();
    let pools: Pool[] = Array.from({ length: Math.min(piece, end - start) }, (_, i) => {
      const place = start + i - first;
      const documents = candidatesOf(ranking, place);
      const scores = ranking.scores.subarray(place * ranking.width, place * ranking.width + documents.length);
      return { query: start + i, documents, scores, positiveScores: positiveScores[place] };
    });
    if (rescore) pools = await rescored(task, pools, rescore);
    if (unit) pools = await withNearest(task, pools, unit);
    yield* pools;
  }
}

/** Queries whose candidates are looked at together. */
const QUERIES = 128;
/** And their candidates, if it is not for a single query: each is a text or a vector in memory. */
const CANDIDATES = 1 << 16;

/** Of the queries from `first` to `end`. */
async function scorePositives(
  { queries }: MiningTask,
  candidates: CandidateSource,
  { first, end }: Pick<PoolOptions, "first" | "end">,
): Promise<Float32Array[]> {
  const some = queries.slice(first, end);
  const pairs: Pairs = {
    queries: Int32Array.from(some.flatMap(({ positives }, i) => positives.map(() => first + i))),
    documents: Int32Array.from(some.flatMap(({ positives }) => positives.map(({ document }) => document))),
  };
  const scores = await candidates.score(pairs);
  let next = 0;
  return some.map(({ positives }) => scores.subarray(next, (next += positives.length)));
}

async function rescored({ queries, corpus }: MiningTask, pools: readonly Pool[], rescore: PairScorer): Promise<Pool[]> {
  const texts = await corpus.texts(pools.flatMap(({ documents }) => [...documents]));
  let next = 0;
  const pairs = pools.flatMap(({ query, documents }) => {
    const { text, positives } = queries[query];
    const candidates = texts.slice(next, (next += documents.length));
    return [...positives.map((positive) => positive.text), ...candidates].map((document) => ({ query: text, document }));
  });
  const scores = Float32Array.from(await rescore(pairs));
  let at = 0;
  return pools.map(({ query, documents, positiveScores }) => {
    const positives = scores.slice(at, (at += positiveScores.length)); // they stay, those of the candidates do not
    const found = scores.subarray(at, (at += documents.length));
    const order = Int32Array.from(documents, (_, i) => i).sort((a, b) => found[b] - found[a] || a - b);
    return {
      query,
      documents: order.map((i) => documents[i]),
      scores: Float32Array.from(order, (i) => found[i]),
      positiveScores: positives,
    };
  });
}

/** All vectors of a piece are gathered at once, since its queries share documents. */
async function withNearest({ queries }: MiningTask, pools: readonly Pool[], unit: VectorSource): Promise<Pool[]> {
  const { dimension } = unit;
  const rows = pools.flatMap(({ query, documents }) => [...queries[query].positives.map(({ document }) => document), ...documents]);
  const vectors = await unit.gather(rows);
  let at = 0;
  return pools.map((pool) => {
    const positives = queries[pool.query].positives.map((_, i) => at + i);
    const first = at + positives.length;
    at = first + pool.documents.length;
    const cosine = (i: number): number =>
      positives.reduce((most, j) => Math.max(most, dotRows(vectors, first + i, vectors, j, dimension)), -Infinity);
    return { ...pool, nearest: Float32Array.from(pool.documents, (_, i) => cosine(i)) };
  });
}
