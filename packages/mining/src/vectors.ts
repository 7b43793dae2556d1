// Embeddings by row number, from memory or from files larger than it. Reads ranges; never holds more than was asked for.

import { AttuneError } from "@attune/core";
import { normalizeRows } from "@attune/search";

/** N vectors of D numbers. What is read is a copy that the caller may change. */
export interface VectorSource {
  /** N */
  readonly rows: number;
  /** D */
  readonly dimension: number;
  /** Rows `start` to `start + count`, or to the end, [count D]. */
  read(start: number, count: number): Promise<Float32Array>;
  /** Some rows in the given order, [n D]. */
  gather(rows: ArrayLike<number>): Promise<Float32Array>;
}

/** Vectors [N D] that are in memory. E_VECTORS when the length is no multiple of D. */
export function memoryVectors(values: Float32Array, dimension: number): VectorSource {
  const rows = values.length / dimension;
  if (!Number.isInteger(rows)) {
    throw new AttuneError({ code: "E_VECTORS", place: "vectors", expected: `a multiple of ${dimension} numbers`, got: `${values.length}` });
  }
  return {
    rows,
    dimension,
    read: async (start, count) => values.slice(start * dimension, (start + count) * dimension),
    async gather(wanted) {
      const vectors = new Float32Array(wanted.length * dimension);
      for (let i = 0; i < wanted.length; i++) {
        vectors.set(values.subarray(wanted[i] * dimension, (wanted[i] + 1) * dimension), i * dimension);
      }
      return vectors;
    },
  };
}

/** The same vectors with length 1; zeros stay zeros. */
export function unitVectors(source: VectorSource): VectorSource {
  const { rows, dimension } = source;
  return {
    rows,
    dimension,
    read: async (start, count) => normalizeRows(await source.read(start, count), dimension),
    gather: async (wanted) => normalizeRows(await source.gather(wanted), dimension),
  };
}

/** Rows of a file that are read with one call. */
export interface Run {
  readonly first: number;
  readonly count: number;
  /** Positions in the list of wanted rows, by ascending row. */
  readonly members: Int32Array;
}

/** Groups wanted rows that lie near each other, by ascending row. */
export function* runsOf(wanted: ArrayLike<number>): Generator<Run> {
  const order = Int32Array.from(wanted, (_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  for (let at = 0; at < order.length;) {
    const first = wanted[order[at]];
    let end = at + 1;
    while (end < order.length && wanted[order[end]] - wanted[order[end - 1]] <= NEAR && wanted[order[end]] - first < LONGEST) end++;
    yield { first, count: wanted[order[end - 1]] - first + 1, members: order.subarray(at, end) };
    at = end;
  }
}

/** Reading this many rows that nobody asked for is cheaper than another call. */
const NEAR = 32;
/** Rows of one call. */
const LONGEST = 4096;

/** Inner product of row `i` of `a` and row `j` of `b`, both [… D]. */
export function dotRows(a: Float32Array, i: number, b: Float32Array, j: number, dimension: number): number {
  const [from, other] = [i * dimension, j * dimension];
  let sum = 0;
  for (let d = 0; d < dimension; d++) sum += a[from + d] * b[other + d];
  return sum;
}
