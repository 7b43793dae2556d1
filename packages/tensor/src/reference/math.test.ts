import { describe, expect, it } from "vitest";
import { gemm } from "./gemm.ts";
import { erf, normalCdf, softplus } from "./math.ts";

describe("erf", () => {
  // as the C library's erf gives them
  it.each([
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.9, 0.9999589021219005],
    [3, 0.9999779095030014],
    [3.5, 0.9999992569016276],
    [5, 0.9999999999984626],
    [7, 1],
    [Infinity, 1],
  ])("of %d", (x, value) => {
    expect(Math.abs(erf(x) - value)).toBeLessThan(5e-16);
    expect(erf(-x)).toBe(-erf(x));
  });

  it("of NaN is NaN, and tiny values keep their relative precision", () => {
    expect(erf(NaN)).toBeNaN();
    expect(erf(1e-300) / 1e-300).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
  });

  it("series and continued fraction meet", () => {
    expect(Math.abs(erf(3) - erf(3 - 2 ** -50))).toBeLessThan(3e-16);
  });
});

it("softplus neither overflows nor loses its tail", () => {
  expect(softplus(1000)).toBe(1000);
  expect(softplus(-80)).toBeCloseTo(Math.exp(-80), 45);
  expect(softplus(0)).toBe(Math.LN2);
});

it("the normal distribution function is symmetric", () => {
  expect(normalCdf(0)).toBe(0.5);
  expect(normalCdf(1.5) + normalCdf(-1.5)).toBeCloseTo(1, 15);
});

describe("gemm", () => {
  it("equals the sum over k for every transposition, row count and accumulation", () => {
    for (const M of [1, 3, 4, 6]) {
      for (const [transA, transB, accumulate] of [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [1, 2, 4].map((bit) => (bits & bit) !== 0))) {
        const [N, K] = [5, 3];
        const a = Float64Array.from({ length: M * K }, (_, i) => Math.sin(i));
        const b = Float64Array.from({ length: N * K }, (_, i) => Math.cos(i));
        const y = new Float64Array(M * N).fill(1);
        gemm({ M, N, K, a, b, y, transA, transB, alpha: 2, accumulate });
        for (let i = 0; i < M * N; i++) {
          const [row, column] = [Math.floor(i / N), i % N];
          let total = 0;
          for (let k = 0; k < K; k++) total += a[transA ? k * M + row : row * K + k] * b[transB ? column * K + k : k * N + column];
          expect(y[i]).toBeCloseTo((accumulate ? 1 : 0) + 2 * total, 13);
        }
      }
    }
  });
});
