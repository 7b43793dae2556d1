// Exact nearest neighbours by inner product: blocks of the matrix product and their top-k on the backend, merged on the host.
// Does not normalise, keeps nothing between calls. Memory on the device is one block of scores and its operands, whatever the corpus.

import { AttuneError } from "@attune/core";
import { matmul, topk, type Engine } from "@attune/tensor";

export interface SearchOptions {
  readonly k: number;
  /** D */
  readonly dimension: number;
  /** Rows of the corpus per product. */
  readonly corpusBlock?: number;
  /** Queries per product. */
  readonly queryBlock?: number;
  readonly signal?: AbortSignal;
}

/** The best `width` rows of the corpus for each query, best first, ties by the lower row. */
export interface Neighbours {
  /** min(k, N) */
  readonly width: number;
  /** [Q width] Rows of the corpus. */
  readonly index: Int32Array;
  /** [Q width] */
  readonly scores: Float32Array;
}

/** Searches queries [Q D] in a corpus [N D]. The result does not depend on the block sizes. E_NON_FINITE for embeddings with NaN. */
export async function exactSearch(
  engine: Engine,
  queries: Float32Array,
  corpus: Float32Array,
  options: SearchOptions,
): Promise<Neighbours> {
  const { k, dimension, corpusBlock = 4096, queryBlock = 1024, signal } = options;
  const count = { queries: queries.length / dimension, corpus: corpus.length / dimension };
  const width = Math.min(k, count.corpus);
  const best: Neighbours = {
    width,
    index: new Int32Array(count.queries * width).fill(-1),
    scores: new Float32Array(count.queries * width).fill(-Infinity),
  };
  for (let row = 0; row < count.corpus; row += corpusBlock) {
    const documents = corpus.subarray(row * dimension, (row + corpusBlock) * dimension);
    for (let query = 0; query < count.queries; query += queryBlock) {
      signal?.throwIfAborted();
      const block = await searchBlock(engine, queries.subarray(query * dimension, (query + queryBlock) * dimension), documents, options);
      merge(best, query, block, row);
    }
  }
  return best;
}

async function searchBlock(
  engine: Engine,
  queries: Float32Array,
  documents: Float32Array,
  { k, dimension }: SearchOptions,
): Promise<Neighbours> {
  const [rows, columns] = [queries.length / dimension, documents.length / dimension];
  const width = Math.min(k, columns);
  const top = engine.noGradient(() =>
    engine.scope(() => {
      const a = engine.from(queries, [rows, dimension], "f32");
      const b = engine.from(documents, [columns, dimension], "f32");
      return topk(matmul(a, b, { transB: true }), width); // [rows columns] -> [rows width]
    }),
  );
  using values = top.values;
  using index = top.index;
  return { width, scores: (await values.read()) as Float32Array, index: (await index.read()) as Int32Array };
}

/** Merges a block whose first query and first document have these numbers. Its documents come after those merged before, so ties stay behind. */
function merge(best: Neighbours, firstQuery: number, block: Neighbours, firstRow: number): void {
  const { width } = best;
  const queries = block.index.length / block.width;
  for (let query = 0; query < queries; query++) {
    const from = query * block.width;
    if (Number.isNaN(block.scores[from])) throw notANumber(); // top-k puts NaN first
    const into = (firstQuery + query) * width;
    const [oldScores, oldIndex] = [best.scores.slice(into, into + width), best.index.slice(into, into + width)];
    for (let at = 0, old = 0, fresh = 0; at < width; at++) {
      const takeFresh = fresh < block.width && (oldIndex[old] < 0 || block.scores[from + fresh] > oldScores[old]);
      best.scores[into + at] = takeFresh ? block.scores[from + fresh] : oldScores[old];
      best.index[into + at] = takeFresh ? firstRow + block.index[from + fresh++] : oldIndex[old++];
    }
  }
}

function notANumber(): AttuneError {
  return new AttuneError({
    code: "E_NON_FINITE",
    place: "search",
    problem: "the embeddings contain NaN",
    hint: "the model has diverged: train with a smaller learning rate",
  });
}
