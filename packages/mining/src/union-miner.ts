// Candidates of the dense miner and of BM25 together: ranked by both, scored by the embeddings alone, so that margins have one scale.

import { definePlugin } from "@attune/core";
import type { NeighbourSearch } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { bm25Options, createBm25Miner, type Bm25MinerOptions } from "./bm25-miner.ts";
import { createDenseMiner, denseOptions, denseSearch, type DenseMinerOptions } from "./dense-miner.ts";
import type { CandidateSource, Miner } from "./miner.ts";
import { candidatesOf, emptyRanking, fuseRankings, type Pairs, type Ranking } from "./ranking.ts";

/** A miner over both rankings, fused by reciprocal rank. */
export function createUnionMiner(
  engine: Engine,
  { similarity, ...bm25 }: Pick<DenseMinerOptions, "similarity"> & Bm25MinerOptions = {},
  search?: NeighbourSearch,
): Miner {
  const miners = [createDenseMiner(engine, { similarity }, search), createBm25Miner(bm25)];
  return {
    name: "union",
    needsVectors: true,
    async open(input) {
      const [dense, lexical] = await Promise.all(miners.map((miner) => miner.open(input)));
      const queries = input.task.queries.length;
      return { rank: (depth) => rankByBoth(dense, lexical, queries, depth), score: (pairs) => dense.score(pairs) };
    },
  };
}

/** The miner `union`. */
export const unionMinerPlugin = definePlugin({
  kind: "miner",
  name: "union",
  summary: "candidates of dense search and of BM25, fused by rank, scored by the embeddings",
  options: z.strictObject({ ...denseOptions, ...bm25Options }),
  create: (options, context) => createUnionMiner(new Engine(context.backend), options, denseSearch(options, context)),
});

async function rankByBoth(dense: CandidateSource, lexical: CandidateSource, queries: number, depth: number): Promise<Ranking> {
  const rankings = [await dense.rank(depth), await lexical.rank(depth)];
  const fused = emptyRanking(queries, rankings[0].width);
  for (const [query, documents] of fuseRankings(rankings, queries, fused.width).entries()) {
    fused.documents.set(documents, query * fused.width);
  }
  const pairs = pairsOf(fused, queries);
  const scores = await dense.score(pairs);
  let next = 0;
  fused.documents.forEach((document, at) => {
    if (document >= 0) fused.scores[at] = scores[next++];
  });
  return fused;
}

/** All candidates, in the order of the ranking. */
function pairsOf(ranking: Ranking, queries: number): Pairs {
  const candidates = Array.from({ length: queries }, (_, query) => candidatesOf(ranking, query));
  return {
    queries: Int32Array.from(candidates.flatMap((documents, query) => Array.from(documents, () => query))),
    documents: Int32Array.from(candidates.flatMap((documents) => [...documents])),
  };
}
