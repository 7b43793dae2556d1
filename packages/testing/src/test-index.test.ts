import { createNodeFiles } from "@attune/files-node";
import { exactIndexPlugin } from "@attune/search";
import { expect, test } from "vitest";
import { structuredVectors } from "./structured-vectors.ts";
import { testIndex } from "./test-index.ts";

testIndex({ plugin: exactIndexPlugin, files: createNodeFiles() });

// Half precision has 11 bits: neighbours that are closer than that may change places.
testIndex({
  plugin: exactIndexPlugin,
  files: createNodeFiles(),
  options: { "half precision": () => ({ stored: "f16" }) },
  recall: 0.97,
  tolerance: 1e-3,
});

test("structured vectors: unit rows that do not depend on how they are asked for, with the variance of a few hidden dimensions", () => {
  const table = structuredVectors({ dimension: 64, latent: 4, noise: 0 });
  const rows = table.rows(10, 5);
  expect(table.rows(12, 1)).toEqual(rows.subarray(2 * 64, 3 * 64));
  expect(structuredVectors({ dimension: 64, latent: 4, noise: 0, seed: 2 }).rows(12, 1)).not.toEqual(table.rows(12, 1));
  for (let row = 0; row < 5; row++) {
    expect(rows.subarray(row * 64, row * 64 + 64).reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
  }
  // Five vectors of four hidden dimensions are linearly dependent: their Gram matrix has no inverse.
  expect(Math.abs(determinant(gram(rows, 4)))).toBeGreaterThan(1e-6);
  expect(Math.abs(determinant(gram(rows, 5)))).toBeLessThan(1e-9);
});

function gram(rows: Float32Array, count: number): number[][] {
  const row = (i: number): Float32Array => rows.subarray(i * 64, (i + 1) * 64);
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => row(i).reduce((sum, value, d) => sum + value * row(j)[d], 0)),
  );
}

function determinant(matrix: number[][]): number {
  if (matrix.length === 1) return matrix[0][0];
  return matrix[0].reduce((sum, value, column) => {
    const minor = matrix.slice(1).map((row) => row.filter((_, i) => i !== column));
    return sum + (column % 2 ? -1 : 1) * value * determinant(minor);
  }, 0);
}
