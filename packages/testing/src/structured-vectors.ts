// Vectors that look like embeddings: a few hidden dimensions, mixed into many, and noise. Independent random numbers would say nothing about
// an approximate index: in many dimensions all of them are equally far from each other.

import { createRandom } from "@attune/core";

export interface StructuredOptions {
  /** D */
  readonly dimension: number;
  readonly seed?: number;
  /** Dimensions of the hidden structure. */
  readonly latent?: number;
  /** Standard deviation of the noise in each coordinate; that of the structure is 1. */
  readonly noise?: number;
}

/** Rows of one endless table of vectors. */
export interface StructuredVectors {
  readonly dimension: number;
  /** Rows `start` to `start + count`, of length 1, [count D]; a row is the same whatever it is asked for with. */
  rows(start: number, count: number): Float32Array;
}

/** x = unit(W·z + noise·e): z normal in the hidden dimensions, e uniform with variance 1, W normal and the same for all rows of a seed. */
export function structuredVectors({ dimension, seed = 1, latent = 32, noise = 0.5 }: StructuredOptions): StructuredVectors {
  const random = createRandom(seed, "structured vectors/mixing");
  // [latent D]
  const mixing = Float32Array.from({ length: latent * dimension }, () => random.normal() / Math.sqrt(latent));
  const fill = (row: number, into: Float32Array): void => {
    const uniform = rowNumbers(seed, row);
    for (let i = 0; i < dimension; i++) into[i] = noise * Math.sqrt(12) * (uniform() - 0.5);
    for (let hidden = 0; hidden < latent; hidden++) {
      const z = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      const from = hidden * dimension;
      for (let i = 0; i < dimension; i++) into[i] += z * mixing[from + i];
    }
    let squares = 0;
    for (let i = 0; i < dimension; i++) squares += into[i] * into[i];
    const scale = 1 / Math.sqrt(squares);
    for (let i = 0; i < dimension; i++) into[i] *= scale;
  };
  return {
    dimension,
    rows(start, count) {
      const vectors = new Float32Array(count * dimension);
      for (let row = 0; row < count; row++) fill(start + row, vectors.subarray(row * dimension, (row + 1) * dimension));
      return vectors;
    },
  };
}

/** Uniform numbers in [0, 1) of one row: a Weyl sequence through MurmurHash3's finalizer, ten times as fast as Philox, for millions of rows. */
function rowNumbers(seed: number, row: number): () => number {
  let state = mix(mix(seed | 0) ^ row);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}

function mix(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
