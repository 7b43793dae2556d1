// Candidates of the dense miner and of BM25 together: ranked by both, scored by the embeddings alone, so that margins have one scale.

import { createPace, definePlugin, type Pace } from "@attune/core";
import type { PartSearch } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { bm25Options, createBm25Miner, type Bm25MinerOptions } from "./bm25-miner.ts";
import { createDenseMiner, denseOptions, denseSearch, type DenseMinerOptions } from "./dense-miner.ts";
import type { CandidateSource, Miner, MinerInput, PartedSource } from "./miner.ts";
import { emptyRanking, fuseRankings, onlyPart, placesOf, type Pairs, type Ranking } from "./ranking.ts";

/** A miner over both rankings, fused by reciprocal rank. */
export function createUnionMiner(
  engine: Engine,
  { similarity, ...bm25 }: Pick<DenseMinerOptions, "similarity"> & Bm25MinerOptions = {},
  search?: PartSearch,
): Miner<PartedSource> {
  const miners = [createDenseMiner(engine, { similarity }, search), createBm25Miner(bm25)];
  return {
    name: "union",
    needsVectors: true,
    async open(input) {
      const [dense, lexical] = await Promise.all(miners.map((miner) => miner.open(input)));
      return openUnion(dense, lexical, input);
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

function openUnion(dense: PartedSource, lexical: PartedSource, { task, signal }: MinerInput): PartedSource {
  const queries = task.queries.length;
  const pace = createPace(signal);
  async function* rankParts(depth: number, part: number): AsyncGenerator<Ranking> {
    const byWords = lexical.rankParts(depth, part);
    let first = 0;
    for await (const near of dense.rankParts(depth, part)) {
      const { value } = await byWords.next();
      const count = Math.min(part, queries - first);
      yield await scored(await fused([near, value as Ranking], count, pace), first, dense);
      first += part;
    }
  }
  return { rank: (depth) => onlyPart(rankParts(depth, queries)), rankParts, score: (pairs) => dense.score(pairs) };
}

/** The documents of both rankings of the same queries; without scores. */
async function fused(rankings: readonly Ranking[], queries: number, pace: Pace): Promise<Ranking> {
  const ranking = emptyRanking(queries, rankings[0].width);
  for (let query = 0; query < queries; query++) {
    if (pace.due) await pace.pause();
    ranking.documents.set(fuseRankings(rankings, query, ranking.width), query * ranking.width);
  }
  return ranking;
}

/** With the scores of a source; the ranking's first query has the number `first`. */
async function scored(ranking: Ranking, first: number, source: CandidateSource): Promise<Ranking> {
  const { width, documents, scores } = ranking;
  const places = placesOf(documents);
  const pairs: Pairs = {
    queries: places.map((place) => first + Math.floor(place / width)),
    documents: places.map((place) => documents[place]),
  };
  const found = await source.score(pairs);
  places.forEach((place, i) => (scores[place] = found[i]));
  return ranking;
}
