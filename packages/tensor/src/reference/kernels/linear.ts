// The dense layer and its gradients: products in double, with what is fused before and after applied to whole matrices.

import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { linearInputGradOp, linearWeightGradOp } from "../../ops/linear-grad.ts";
import type { LinearActivation } from "../../ops/linear-grad.ts";
import { linearOp } from "../../ops/linear.ts";
import type { RandomMask } from "../../ops/random-mask.ts";
import type { Tensor } from "../../tensor.ts";
import { activationDerivatives, activationFunctions } from "../activation-functions.ts";
import { gemm } from "../gemm.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { maskRow } from "../random-mask.ts";

export const linearKernels: Readonly<Record<string, Kernel>> = {
  linear: kernelOf(linearOp, ({ x, weight, bias, lowA, lowB }, { y, pre, low }, { before, after, lowScale, random }) => {
    const [T, K] = x.shape;
    const N = y.shape[1];
    const h = activated(valuesOf(x), before); // [T K]
    const sums = new Float64Array(T * N); // [T N]
    gemm({ M: T, N, K, a: h, b: stacked(weight), y: sums, transB: true });
    if (lowA && lowB && low) {
      const R = low.shape[1];
      const projected = new Float64Array(T * R); // [T R]
      gemm({ M: T, N: R, K, a: random ? dropped(h, K, random) : h, b: valuesOf(lowA), y: projected, transB: true });
      valuesOf(low).set(projected);
      gemm({ M: T, N, K: R, a: projected, b: valuesOf(lowB), y: sums, transB: true, alpha: lowScale, accumulate: true });
    }
    if (bias) {
      const shifts = stacked(bias);
      for (let i = 0; i < sums.length; i++) sums[i] += shifts[i % N];
    }
    if (pre) valuesOf(pre).set(sums);
    valuesOf(y).set(activated(sums, after));
  }),

  linearInputGrad: kernelOf(linearInputGradOp, ({ dy, weight, x, addend }, { dx }, { before }) => {
    const [T, K] = dx.shape;
    const sums = new Float64Array(T * K); // [T K]
    gemm({ M: T, N: K, K: dy.shape[1], a: valuesOf(dy), b: stacked(weight), y: sums });
    if (x && before !== "none") {
      const derivative = activationDerivatives[before];
      valuesOf(x).forEach((value: number, i: number) => (sums[i] *= derivative(value)));
    }
    if (addend) valuesOf(addend).forEach((value: number, i: number) => (sums[i] += value));
    valuesOf(dx).set(sums);
  }),

  linearWeightGrad: kernelOf(linearWeightGradOp, ({ dy, x, dWeight, dBias }, _, { before, accumulateWeight, accumulateBias, parts }) => {
    const [T, K] = x.shape;
    const h = activated(valuesOf(x), before); // [T K]
    for (const { row, rows, weight, bias } of parts) {
      const columns = columnsOf(dy, row, rows); // [T rows]
      if (weight >= 0)
        gemm({ M: rows, N: K, K: T, a: columns, b: h, y: valuesOf(dWeight[weight]), transA: true, accumulate: accumulateWeight[weight] });
      if (bias < 0) continue;
      const sums = new Float64Array(rows);
      columns.forEach((value, i) => (sums[i % rows] += value));
      const destination = valuesOf(dBias[bias]);
      sums.forEach((sum, n) => (destination[n] = accumulateBias[bias] ? destination[n] + sum : sum));
    }
  }),
};

/** act(x), or x itself. */
function activated(x: TypedArray, activation: LinearActivation): TypedArray {
  return activation === "none" ? x : Float64Array.from(x, activationFunctions[activation]);
}

/** h [T K] under its dropout mask. */
function dropped(h: TypedArray, width: number, random: RandomMask): Float64Array {
  const result = Float64Array.from(h);
  for (let start = 0, row = 0; start < h.length; start += width, row++) {
    maskRow(random, row, width).forEach((multiplier, k) => (result[start + k] *= multiplier));
  }
  return result;
}

/** The parts one after another, as one matrix or vector. */
function stacked(parts: readonly Tensor[]): TypedArray {
  if (parts.length === 1) return valuesOf(parts[0]);
  const all = new Float64Array(parts.reduce((size, part) => size + part.size, 0));
  let at = 0;
  for (const part of parts) {
    all.set(valuesOf(part), at);
    at += part.size;
  }
  return all;
}

/** Columns `from` … `from + count - 1` of a matrix, as a matrix. */
function columnsOf(matrix: Tensor, from: number, count: number): Float64Array {
  const [rows, width] = matrix.shape;
  const values = valuesOf(matrix);
  const columns = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) columns.set(values.subarray(row * width + from, row * width + from + count), row * count);
  return columns;
}
