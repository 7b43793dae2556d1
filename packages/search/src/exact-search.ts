// Exact nearest neighbours by inner product: blocks of the matrix product and their top-k on the backend, merged on the host while the backend
// goes on. Does not normalise, keeps nothing between calls. Memory on the device is two blocks and one of scores, whatever the corpus.

import { AttuneError } from "@attune/core";
import { matmul, topk, type Engine, type Tensor } from "@attune/tensor";

export interface SearchOptions {
  readonly k: number;
  /** D */
  readonly dimension: number;
  /** Rows of the corpus per product; by default as many as make 128 MiB. */
  readonly corpusBlock?: number;
  /** Queries per product. */
  readonly queryBlock?: number;
  readonly signal?: AbortSignal;
}

/** The best `width` rows of the corpus for each query, best first, ties by the lower row. */
export interface Neighbours {
  /** min(k, N) */
  readonly width: number;
  /** [Q width] Rows of the corpus; -1 where there are fewer. */
  readonly index: Int32Array;
  /** [Q width] */
  readonly scores: Float32Array;
}

/** Rows of a corpus in ascending order, as they come. */
export interface BlockSearch {
  /** Searches `rows` further rows, which `pieces` has one after the other, [n D]; a piece may be overwritten when the next one is asked for. */
  add(rows: number, pieces: Iterable<Float32Array>): Promise<void>;
  finish(): Promise<Neighbours>;
}

/** Rows of D numbers that one product takes: a top-k over many rows at once is cheaper than many over few. WebGPU binds no more than 128 MiB. */
export function defaultCorpusBlock(dimension: number): number {
  return Math.max(1024, Math.min(1 << 17, Math.floor((1 << 25) / dimension)));
}

/** Rows of the left operand that the CPU's product packs at once: fewer would pack the corpus anew for each. */
const QUERY_BLOCK = 384;

/** Searches queries [Q D] in a corpus [N D]. The result does not depend on the block sizes. E_NON_FINITE for embeddings with NaN. */
export async function exactSearch(
  engine: Engine,
  queries: Float32Array,
  corpus: Float32Array,
  options: SearchOptions,
): Promise<Neighbours> {
  const { k, dimension, corpusBlock = defaultCorpusBlock(dimension) } = options;
  const rows = corpus.length / dimension;
  const search = createBlockSearch(engine, queries, { ...options, k: Math.min(k, rows) });
  for (let row = 0; row < rows; row += corpusBlock) {
    const block = corpus.subarray(row * dimension, (row + corpusBlock) * dimension);
    await search.add(block.length / dimension, [block]);
  }
  return search.finish();
}

/** A search of queries [Q D] in a corpus that comes in blocks. E_NON_FINITE as `exactSearch`. */
export function createBlockSearch(
  engine: Engine,
  queries: Float32Array,
  { k, dimension, queryBlock = QUERY_BLOCK, signal }: SearchOptions,
): BlockSearch {
  const count = queries.length / dimension;
  const best: Neighbours = {
    width: k,
    index: new Int32Array(count * k).fill(-1),
    scores: new Float32Array(count * k).fill(-Infinity),
  };
  let first = 0;
  let last = Promise.resolve();
  return {
    async add(rows, pieces) {
      signal?.throwIfAborted();
      const [before, start] = [last, first];
      first += rows;
      const found = searchBlock(engine, queries, { pieces, rows, dimension, k: Math.min(k, rows), queryBlock });
      last = before.then(async () => {
        for (const [part, block] of found.entries()) merge(best, part * queryBlock, await block, start);
      });
      last.catch(() => {}); // thrown where it is awaited
      await before; // so that no more than two blocks are under way
    },
    async finish() {
      await last;
      return best;
    },
  };
}

interface Block {
  readonly pieces: Iterable<Float32Array>;
  readonly rows: number;
  readonly dimension: number;
  readonly k: number;
  readonly queryBlock: number;
}

/** Enqueues all queries against one block; what is found comes in the order of the queries. */
function searchBlock(engine: Engine, queries: Float32Array, { pieces, rows, dimension, k, queryBlock }: Block): Promise<Neighbours>[] {
  using corpus = engine.makePersistent([rows, dimension], "f32");
  let offset = 0;
  for (const piece of pieces) {
    engine.backend.write(corpus.storage.slot, offset, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
    offset += piece.byteLength;
  }
  const found: Promise<Neighbours>[] = [];
  for (let start = 0; start < queries.length; start += queryBlock * dimension) {
    const some = queries.subarray(start, start + queryBlock * dimension);
    const top = engine.noGradient(() =>
      engine.scope(() => {
        const a = engine.from(some, [some.length / dimension, dimension], "f32");
        return topk(matmul(a, corpus, { transB: true }), k); // [queries rows] -> [queries k]
      }),
    );
    found.push(readBlock(top, k));
  }
  for (const block of found) block.catch(() => {}); // thrown where it is merged
  return found;
}

async function readBlock(top: { values: Tensor; index: Tensor }, width: number): Promise<Neighbours> {
  using values = top.values;
  using index = top.index;
  const [scores, rows] = await Promise.all([values.read(), index.read()]);
  return { width, scores: scores as Float32Array, index: rows as Int32Array };
}

/** Merges a block whose first query and first row have these numbers. Its rows come after those merged before, so ties stay behind. */
function merge(best: Neighbours, firstQuery: number, block: Neighbours, firstRow: number): void {
  const { width } = best;
  const [oldScores, oldIndex] = [new Float32Array(width), new Int32Array(width)];
  const queries = block.width === 0 ? 0 : block.index.length / block.width;
  for (let query = 0; query < queries; query++) {
    const [from, into] = [query * block.width, (firstQuery + query) * width];
    if (Number.isNaN(block.scores[from])) throw notANumber(); // top-k puts NaN first
    if (best.index[into + width - 1] >= 0 && block.scores[from] <= best.scores[into + width - 1]) continue; // none is good enough
    oldScores.set(best.scores.subarray(into, into + width));
    oldIndex.set(best.index.subarray(into, into + width));
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
