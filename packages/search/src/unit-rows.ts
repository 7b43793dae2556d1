// Vectors as indexes take them: finite, and of length 1 where only directions are compared.

import { AttuneError } from "@attune/core";

/** Rows of vectors [N D] made length 1, in place; rows of zeros stay. */
export function normalizeRows(vectors: Float32Array, dimension: number): Float32Array {
  for (let start = 0; start < vectors.length; start += dimension) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += vectors[i] * vectors[i];
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = start; i < start + dimension; i++) vectors[i] *= scale;
  }
  return vectors;
}

/** The same of a copy. */
export function unitRows(vectors: Float32Array, dimension: number): Float32Array {
  return normalizeRows(vectors.slice(), dimension);
}

/** E_NON_FINITE with the first row that has NaN or an infinite number. */
export function expectFinite(vectors: Float32Array, dimension: number, nameOf: (row: number) => string, place: string): void {
  for (let i = 0; i < vectors.length; i++) {
    if (Number.isFinite(vectors[i])) continue;
    throw new AttuneError({
      code: "E_NON_FINITE",
      place,
      problem: `${nameOf(Math.floor(i / dimension))} has ${vectors[i]}`,
      hint: "such a vector is like nothing; look at the model that made it",
    });
  }
}
