// Candidates by embedding: exact search, range by range, so that a corpus may be larger than memory; or an index.

import { AttuneError, createPace, definePlugin, type Context } from "@attune/core";
import { exactSearch, indexChoice, normalizeRows, searchPartsBy, type IndexChoice, type Neighbours, type PartSearch } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import type { Miner, MinerInput, PartedSource, TaskVectors } from "./miner.ts";
import { emptyRanking, mergeRanking, onlyPart, placesOf, type Pairs, type Ranking } from "./ranking.ts";
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
export function denseSearch({ similarity, index = "exact" }: DenseMinerOptions, context: Context): PartSearch | undefined {
  return searchPartsBy(index, similarity === "dot" ? "ip" : "cosine", context);
}

/** A miner that ranks by the similarity of embeddings, exactly or what `search` finds. E_VECTORS when they do not fit the task, E_NON_FINITE for NaN. */
export function createDenseMiner(
  engine: Engine,
  { similarity = "cosine" }: Pick<DenseMinerOptions, "similarity"> = {},
  search?: PartSearch,
): Miner<PartedSource> {
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
  search: PartSearch | undefined,
  { signal, onProgress }: Pick<MinerInput, "signal" | "onProgress">,
): PartedSource {
  const { dimension, rows } = documents;
  const count = queries.length / dimension;
  const some = (first: number, part: number): TaskVectors => ({
    queries: queries.subarray(first * dimension, (first + part) * dimension),
    documents,
  });
  async function* rankParts(depth: number, part: number): AsyncGenerator<Ranking> {
    const k = Math.min(depth, rows);
    if (search) {
      let first = 0;
      for await (const found of search(queries, documents, { k, part, signal })) {
        yield await byTrueScores(found, some(first, part), signal);
        first += part;
      }
      return;
    }
    const parts = Math.ceil(count / part);
    for (let one = 0; one < parts; one++) {
      const progress = (done: number): void => onProgress?.(Math.floor((one * rows + done) / parts));
      yield await rankExactly(engine, some(one * part, part), { k, signal, onProgress: progress });
    }
  }
  return {
    rank: (depth) => onlyPart(rankParts(depth, count)),
    rankParts,
    score: (pairs) => scorePairs({ queries, documents }, pairs, signal),
  };
}

/** Compares everything, range by range. */
async function rankExactly(
  engine: Engine,
  { queries, documents }: TaskVectors,
  { k, signal, onProgress }: { k: number; signal: AbortSignal | undefined; onProgress(documents: number): void },
): Promise<Ranking> {
  const { dimension, rows } = documents;
  const best = emptyRanking(queries.length / dimension, k);
  let next = readAhead(documents, 0);
  for (let start = 0; start < rows; start += RANGE) {
    const range = await next;
    if (start + RANGE < rows) next = readAhead(documents, start + RANGE); // read while the backend multiplies
    const found = await exactSearch(engine, queries, range, { k, dimension, signal });
    mergeRanking(best, { width: found.width, documents: found.index.map((row) => row + start), scores: found.scores });
    onProgress(Math.min(start + RANGE, rows));
  }
  return best;
}

function readAhead(documents: VectorSource, start: number): Promise<Float32Array> {
  const read = documents.read(start, Math.min(RANGE, documents.rows - start));
  read.catch(() => {}); // it is awaited later, but may fail before that
  return read;
}

/** What an index finds, in the order of the true scores: some indexes know the vectors only roughly, and margins need one scale. */
async function byTrueScores(
  { width, index }: Neighbours,
  { queries, documents }: TaskVectors,
  signal: AbortSignal | undefined,
): Promise<Ranking> {
  const places = placesOf(index);
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
  const pace = createPace(signal);
  const scores = new Float32Array(pairs.documents.length);
  const order = Int32Array.from(scores, (_, i) => i).sort((a, b) => pairs.documents[a] - pairs.documents[b]);
  for (let start = 0; start < order.length; start += GATHERED) {
    signal?.throwIfAborted();
    if (pace.due) await pace.pause();
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
