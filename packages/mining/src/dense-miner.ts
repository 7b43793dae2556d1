// Candidates by embedding: exact search, range by range, so that a corpus may be larger than memory; or an index.

import { AttuneError, definePlugin, type Context } from "@attune/core";
import { exactSearch, indexChoice, normalizeRows, searchBy, type IndexChoice, type NeighbourSearch } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import type { CandidateSource, Miner, MinerInput, TaskVectors } from "./miner.ts";
import { emptyRanking, mergeRanking, type Pairs, type Ranking } from "./ranking.ts";
import { dotRows, unitVectors, type VectorSource } from "./vectors.ts";

export interface DenseMinerOptions {
  /** `cosine` normalises the vectors. */
  similarity?: "cosine" | "dot";
  /** What finds the candidates; their scores are always those of the vectors. */
  index?: IndexChoice;
}

/** Options of the dense miner, as a schema. */
export const denseOptions = {
  similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
  index: indexChoice,
};

/** The search that dense options name; undefined for exact search. */
export function denseSearch({ similarity, index = "exact" }: DenseMinerOptions, context: Context): NeighbourSearch | undefined {
  return searchBy(index, similarity === "dot" ? "ip" : "cosine", context);
}

/** A miner that ranks by the similarity of embeddings, exactly or what `search` finds. E_VECTORS when they do not fit the task, E_NON_FINITE for NaN. */
export function createDenseMiner(
  engine: Engine,
  { similarity = "cosine" }: Pick<DenseMinerOptions, "similarity"> = {},
  search?: NeighbourSearch,
): Miner {
  return {
    name: "dense",
    needsVectors: true,
    async open(input) {
      const { queries, documents } = expectVectors(input);
      const dimension = documents.dimension;
      const vectors =
        similarity === "cosine"
          ? { queries: normalizeRows(queries.slice(), dimension), documents: unitVectors(documents) }
          : { queries, documents };
      return openDense(engine, vectors, search, input);
    },
  };
}

/** The miner `dense`. */
export const denseMinerPlugin = definePlugin({
  kind: "miner",
  name: "dense",
  summary: "candidates by search over embeddings, exact or by an index",
  options: z.strictObject(denseOptions),
  create: (options, context) => createDenseMiner(new Engine(context.backend), options, denseSearch(options, context)),
});

function openDense(
  engine: Engine,
  { queries, documents }: TaskVectors,
  search: NeighbourSearch | undefined,
  { signal, onProgress }: Pick<MinerInput, "signal" | "onProgress">,
): CandidateSource {
  const { dimension, rows } = documents;
  return {
    async rank(depth) {
      if (search) return rankBy(search, { queries, documents }, depth, signal);
      const best = emptyRanking(queries.length / dimension, Math.min(depth, rows));
      let next = readAhead(documents, 0);
      for (let start = 0; start < rows; start += RANGE) {
        const range = await next;
        if (start + RANGE < rows) next = readAhead(documents, start + RANGE); // read while the backend multiplies
        const found = await exactSearch(engine, queries, range, { k: best.width, dimension, signal });
        mergeRanking(best, { width: found.width, documents: found.index.map((row) => row + start), scores: found.scores });
        onProgress?.(Math.min(start + RANGE, rows));
      }
      return best;
    },
    score: (pairs) => scorePairs({ queries, documents }, pairs, signal),
  };
}

function readAhead(documents: VectorSource, start: number): Promise<Float32Array> {
  const read = documents.read(start, Math.min(RANGE, documents.rows - start));
  read.catch(() => {}); // it is awaited later, but may fail before that
  return read;
}

/** What an index finds, in the order of the true scores: some indexes know the vectors only roughly, and margins need one scale. */
async function rankBy(search: NeighbourSearch, { queries, documents }: TaskVectors, depth: number, signal?: AbortSignal): Promise<Ranking> {
  const { width, index } = await search(queries, documents, { k: Math.min(depth, documents.rows), signal });
  const places = Int32Array.from(index.keys()).filter((place) => index[place] >= 0);
  const pairs = { queries: places.map((place) => Math.floor(place / width)), documents: places.map((place) => index[place]) };
  const scores = await scorePairs({ queries, documents }, pairs, signal);
  const order = Int32Array.from(places.keys()).sort(
    (a, b) => pairs.queries[a] - pairs.queries[b] || scores[b] - scores[a] || pairs.documents[a] - pairs.documents[b],
  );
  const ranking = emptyRanking(queries.length / documents.dimension, width);
  let [query, place] = [-1, 0];
  for (const pair of order) {
    if (pairs.queries[pair] !== query) [query, place] = [pairs.queries[pair], 0];
    ranking.documents[query * width + place] = pairs.documents[pair];
    ranking.scores[query * width + place++] = scores[pair];
  }
  return ranking;
}

/** Documents that are in memory at once: 48 MiB of 384 dimensions. */
const RANGE = 1 << 15;

/** Inner products of pairs. Documents are read in row order, so that a file is passed over once. */
async function scorePairs({ queries, documents }: TaskVectors, pairs: Pairs, signal?: AbortSignal): Promise<Float32Array> {
  const { dimension } = documents;
  const scores = new Float32Array(pairs.documents.length);
  const order = Int32Array.from(scores, (_, i) => i).sort((a, b) => pairs.documents[a] - pairs.documents[b]);
  for (let start = 0; start < order.length; start += GATHERED) {
    signal?.throwIfAborted();
    const chunk = order.subarray(start, start + GATHERED);
    const vectors = await documents.gather(chunk.map((pair) => pairs.documents[pair]));
    chunk.forEach((pair, i) => (scores[pair] = dotRows(queries, pairs.queries[pair], vectors, i, dimension)));
  }
  return scores;
}

/** Pairs whose documents are in memory at once. */
const GATHERED = 1 << 14;

function expectVectors({ task, vectors }: MinerInput): TaskVectors {
  if (!vectors) {
    throw new AttuneError({ code: "E_VECTORS", place: "dense miner", expected: "embeddings of queries and corpus", got: "none" });
  }
  const { queries, documents } = vectors;
  const mismatch = (what: string, expected: number, got: number): AttuneError =>
    new AttuneError({
      code: "E_VECTORS",
      place: what,
      expected: `${expected} vectors of ${documents.dimension} dimensions`,
      got: `${got}`,
    });
  if (documents.rows !== task.corpus.size) throw mismatch("corpus embeddings", task.corpus.size, documents.rows);
  const rows = queries.length / documents.dimension;
  if (rows !== task.queries.length) throw mismatch("query embeddings", task.queries.length, rows);
  return vectors;
}
