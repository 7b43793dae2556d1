// The dense layer and its gradients: products in double, with what is fused before and after applied to whole matrices. Of a product in bf16 the
// operands are rounded, and nothing else.

import type { Kernel } from "../../backend.ts";
import { roundToBfloat16 } from "../../bfloat16.ts";
import type { DType, FloatType, TypedArray } from "../../dtype.ts";
import { linearInputGradOp, linearWeightGradOp } from "../../ops/linear-grad.ts";
import { operandType } from "../../ops/linear-operand.ts";
import type { LinearActivation, LinearOperand } from "../../ops/linear-operand.ts";
import { linearOp } from "../../ops/linear.ts";
import type { RandomMask } from "../../ops/random-mask.ts";
import type { Tensor } from "../../tensor.ts";
import { activationDerivatives, activationFunctions } from "../activation-functions.ts";
import { gemm } from "../gemm.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { maskRow } from "../random-mask.ts";

export const linearKernels: Readonly<Record<string, Kernel>> = {
  linear: kernelOf(linearOp, ({ weight, bias, lowA, lowB, ...operand }, { y, pre, low }, { before, after, lowScale, random }) => {
    const [T, N] = y.shape;
    const K = weight[0].shape[1];
    const h = readBy(operand, before); // [T K]
    const sums = new Float64Array(T * N); // [T N]
    gemm({ M: T, N, K, a: h, b: rounded(stacked(weight), operandType(operand)), y: sums, transB: true });
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

  linearInputGrad: kernelOf(linearInputGradOp, ({ dy, weight, x, addend }, { dx }, { before, operand = dy.dtype as FloatType }) => {
    const [T, K] = dx.shape;
    const sums = new Float64Array(T * K); // [T K]
    gemm({ M: T, N: K, K: dy.shape[1], a: rounded(valuesOf(dy), operand), b: rounded(stacked(weight), operand), y: sums });
    if (x && before !== "none") {
      const derivative = activationDerivatives[before];
      valuesOf(x).forEach((value: number, i: number) => (sums[i] *= derivative(value)));
    }
    if (addend) valuesOf(addend).forEach((value: number, i: number) => (sums[i] += value));
    valuesOf(dx).set(sums);
  }),

  linearWeightGrad: kernelOf(linearWeightGradOp, ({ dy, dWeight, dBias, ...operand }, _, attributes) => {
    const { before, accumulateWeight, accumulateBias, parts } = attributes;
    const h = readBy(operand, before); // [T K]
    const T = dy.shape[0];
    const K = (operand.normal ?? operand.x)!.shape[1];
    for (const { row, rows, weight, bias } of parts) {
      const columns = columnsOf(dy, row, rows); // [T rows]
      const a = rounded(columns, operandType(operand));
      if (weight >= 0)
        gemm({ M: rows, N: K, K: T, a, b: h, y: valuesOf(dWeight[weight]), transA: true, accumulate: accumulateWeight[weight] });
      if (bias < 0) continue;
      const sums = new Float64Array(rows);
      columns.forEach((value, i) => (sums[i % rows] += value));
      const destination = valuesOf(dBias[bias]);
      sums.forEach((sum, n) => (destination[n] = accumulateBias[bias] ? destination[n] + sum : sum));
    }
  }),
};

/** before(x) as the product reads it. */
function readBy({ x, normal, gamma, beta }: LinearOperand, before: LinearActivation): TypedArray {
  if (!normal || !gamma || !beta) return before === "none" ? valuesOf(x!) : rounded(activated(valuesOf(x!), before), x!.dtype);
  const [scales, shifts] = [valuesOf(gamma), valuesOf(beta)];
  const shifted = Float64Array.from(valuesOf(normal), (value, i) => value * scales[i % scales.length] + shifts[i % scales.length]);
  return rounded(activated(shifted, before), normal.dtype);
}

/** The values as a product in `dtype` reads them. */
function rounded(values: TypedArray, dtype: DType): TypedArray {
  return dtype === "bf16" ? Float32Array.from(values, roundToBfloat16) : values;
}

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
