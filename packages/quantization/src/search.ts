// Search in coded embeddings: candidates by the codes alone, then a second look at them with the float query.

import { exactSearch } from "@attune/search";
import type { Neighbours } from "@attune/search";
import type { Engine } from "@attune/tensor";
import { calibrate, expectFinite, quantizeEmbeddings } from "./quantize.ts";
import type { EmbeddingPrecision, Ranges } from "./quantize.ts";

export interface QuantizedSearchOptions {
  readonly precision: EmbeddingPrecision;
  readonly k: number;
  /** D */
  readonly dimension: number;
  /** For int8 and uint8; those of the corpus unless given. */
  readonly ranges?: Ranges;
  /** Candidates per wanted hit that are scored again with the float query; 0 leaves the scores of the codes. */
  readonly rescoreMultiplier?: number;
  readonly signal?: AbortSignal;
}

/**
 * The best rows of a coded corpus [N D] for queries [Q D]: bits by Hamming distance, bytes by their integer product with the query coded alike;
 * rescored by the float query times the candidate's integers (its 0/1 bits). Semantics of sentence-transformers' semantic_search_faiss.
 * Scores are f32: those of codes are exact for bits, for int8 up to 1,024 dimensions and for uint8 up to 258, and rounded beyond.
 * E_SHAPE and E_NON_FINITE as `quantizeEmbeddings`.
 */
export async function quantizedSearch(
  engine: Engine,
  queries: Float32Array,
  corpus: Float32Array,
  { precision, k, dimension, ranges, rescoreMultiplier = 4, signal }: QuantizedSearchOptions,
): Promise<Neighbours> {
  const isBits = precision === "binary" || precision === "ubinary";
  const used = isBits ? undefined : (ranges ?? calibrate(corpus, dimension));
  const code = (vectors: Float32Array): Float32Array =>
    isBits ? signs(vectors, dimension) : Float32Array.from(quantizeEmbeddings(vectors, { precision, dimension, ranges: used }));
  // Sums of integers below 2^24 are exact in f32; the product of ±1 falls by two with every bit that differs.
  const codes = code(corpus);
  const candidates = await exactSearch(engine, code(queries), codes, { k: k * Math.max(1, rescoreMultiplier), dimension, signal });
  if (rescoreMultiplier === 0) return candidates;
  const value = isBits ? (at: number) => (corpus[at] > 0 ? 1 : 0) : (at: number) => codes[at];
  return rescored(candidates, { queries, value, k, dimension });
}

/** +1 for values above 0, -1 for the others. */
function signs(vectors: Float32Array, dimension: number): Float32Array {
  expectFinite(vectors, dimension, "quantize");
  return vectors.map((value) => (value > 0 ? 1 : -1));
}

interface Rescoring {
  readonly queries: Float32Array;
  /** The code of one dimension of one row of the corpus. */
  readonly value: (at: number) => number;
  readonly k: number;
  readonly dimension: number;
}

/** The candidates in the order of their new scores, ties by the lower row. */
function rescored({ width, index }: Neighbours, { queries, value, k, dimension }: Rescoring): Neighbours {
  const kept = Math.min(k, width);
  const count = queries.length / dimension;
  const best: Neighbours = { width: kept, index: new Int32Array(count * kept), scores: new Float32Array(count * kept) };
  for (let query = 0; query < count; query++) {
    const rows = index.subarray(query * width, (query + 1) * width);
    const ordered = Array.from(rows, (row) => {
      let score = 0;
      for (let d = 0; d < dimension; d++) score += queries[query * dimension + d] * value(row * dimension + d);
      return { row, score };
    }).sort((a, b) => b.score - a.score || a.row - b.row);
    for (let i = 0; i < kept; i++) {
      best.index[query * kept + i] = ordered[i].row;
      best.scores[query * kept + i] = ordered[i].score;
    }
  }
  return best;
}
