// Candidates by embedding: exact search, range by range, so that a corpus may be larger than memory.

import { AttuneError, definePlugin } from "@attune/core";
import { exactSearch } from "@attune/evaluation";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import type { CandidateSource, Miner, MinerInput, TaskVectors } from "./miner.ts";
import { emptyRanking, mergeRanking, type Pairs } from "./ranking.ts";
import { dotRows, normalizeRows, unitVectors } from "./vectors.ts";

export interface DenseMinerOptions {
  /** `cosine` normalises the vectors. */
  similarity?: "cosine" | "dot";
}

/** Options of the dense miner, as a schema. */
export const denseOptions = { similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings") };

/** A miner that ranks by the similarity of embeddings. E_VECTORS when they do not fit the task, E_NON_FINITE for NaN. */
export function createDenseMiner(engine: Engine, { similarity = "cosine" }: DenseMinerOptions = {}): Miner {
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
      return openDense(engine, vectors, input.signal);
    },
  };
}

/** The miner `dense`. */
export const denseMinerPlugin = definePlugin({
  kind: "miner",
  name: "dense",
  summary: "candidates by exact search over embeddings",
  options: z.strictObject(denseOptions),
  create: (options, { backend }) => createDenseMiner(new Engine(backend), options),
});

function openDense(engine: Engine, { queries, documents }: TaskVectors, signal?: AbortSignal): CandidateSource {
  const { dimension, rows } = documents;
  return {
    async rank(depth) {
      const best = emptyRanking(queries.length / dimension, Math.min(depth, rows));
      let next = documents.read(0, Math.min(RANGE, rows));
      for (let start = 0; start < rows; start += RANGE) {
        const range = await next;
        const rest = rows - start - RANGE;
        if (rest > 0) next = documents.read(start + RANGE, Math.min(RANGE, rest)); // read while the backend multiplies
        const found = await exactSearch(engine, queries, range, { k: best.width, dimension, signal });
        mergeRanking(best, { width: found.width, documents: found.index.map((row) => row + start), scores: found.scores });
      }
      return best;
    },
    score: (pairs) => scorePairs({ queries, documents }, pairs, signal),
  };
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
