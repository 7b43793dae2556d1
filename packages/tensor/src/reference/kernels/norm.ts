// Normalisations of rows, and their gradients, as plain loops with statistics in double.

import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { addLayerNormGradOp, addLayerNormOp } from "../../ops/add-layer-norm.ts";
import { l2NormalizeGradOp, l2NormalizeOp } from "../../ops/l2-normalize.ts";
import { layerNormGradOp, layerNormOp } from "../../ops/layer-norm.ts";
import { rmsNormGradOp, rmsNormOp } from "../../ops/rms-norm.ts";
import type { Tensor } from "../../tensor.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { maskRow } from "../random-mask.ts";

type Scales = { weight?: Tensor; bias?: Tensor };

export const normKernels: Readonly<Record<string, Kernel>> = {
  layerNorm: kernelOf(layerNormOp, ({ x, ...scales }, outputs, { eps }) => normalizeRows(valuesOf(x), scales, outputs, eps)),

  layerNormGrad: kernelOf(layerNormGradOp, (inputs, { dx, ...columns }) => {
    valuesOf(dx).set(layerNormGradRows(inputs, columns));
  }),

  addLayerNorm: kernelOf(addLayerNormOp, ({ x, residual, ...scales }, outputs, { eps, random }) => {
    const [rows, width] = x.shape;
    const [added, kept, sums] = [valuesOf(x), valuesOf(residual), valuesOf(residual).slice()];
    for (let row = 0, at = 0; row < rows; row++) {
      const mask = maskRow(random, row, width);
      for (let c = 0; c < width; c++, at++) sums[at] = kept[at] + added[at] * mask[c];
    }
    normalizeRows(sums, scales, outputs, eps);
  }),

  addLayerNormGrad: kernelOf(addLayerNormGradOp, (inputs, { dx, dResidual, ...columns }, { random }) => {
    const whole = layerNormGradRows(inputs, columns);
    const [rows, width] = inputs.normal.shape;
    const dropped = valuesOf(dx);
    valuesOf(dResidual).set(whole);
    for (let row = 0, at = 0; row < rows; row++) {
      const mask = maskRow(random, row, width);
      for (let c = 0; c < width; c++, at++) dropped[at] = whole[at] * mask[c];
    }
  }),

  rmsNorm: kernelOf(rmsNormOp, ({ x, weight }, { y, inverse }, { eps }) => {
    const width = x.shape.at(-1)!;
    const [values, result, inverses] = [valuesOf(x), valuesOf(y), valuesOf(inverse)];
    const scales = weight && valuesOf(weight);
    for (let row = 0; row < inverses.length; row++) {
      const from = row * width;
      const scale = 1 / Math.sqrt(dot(values, values, from, width) / width + eps);
      inverses[row] = scale;
      for (let c = 0; c < width; c++) result[from + c] = values[from + c] * scale * (scales ? scales[c] : 1);
    }
  }),

  // dx̂ = dy · weight;   dx = (dx̂ − x̂ · mean(dx̂ · x̂)) · inverse;   dWeight = Σ_T dy · x̂
  rmsNormGrad: kernelOf(rmsNormGradOp, ({ x, weight, inverse, dy }, { dx, dWeight }) => {
    const width = x.shape.at(-1)!;
    const [values, dys, inverses, result] = [valuesOf(x), valuesOf(dy), valuesOf(inverse), valuesOf(dx)];
    const scales = weight && valuesOf(weight);
    const columns = new Float64Array(width);
    for (let row = 0; row < inverses.length; row++) {
      const from = row * width;
      const normal = (c: number): number => values[from + c] * inverses[row];
      const dNormal = (c: number): number => dys[from + c] * (scales ? scales[c] : 1);
      let along = 0;
      for (let c = 0; c < width; c++) along += (dNormal(c) * normal(c)) / width;
      for (let c = 0; c < width; c++) {
        result[from + c] = (dNormal(c) - normal(c) * along) * inverses[row];
        columns[c] += dys[from + c] * normal(c);
      }
    }
    valuesOf(dWeight).set(columns);
  }),

  l2Normalize: kernelOf(l2NormalizeOp, ({ x }, { y, norm }, { eps }) => {
    const width = x.shape.at(-1)!;
    const [values, result, norms] = [valuesOf(x), valuesOf(y), valuesOf(norm)];
    for (let row = 0; row < norms.length; row++) {
      const from = row * width;
      const length = Math.sqrt(dot(values, values, from, width));
      norms[row] = length;
      for (let c = 0; c < width; c++) result[from + c] = values[from + c] / Math.max(length, eps);
    }
  }),

  // dx = (dy − y · Σ(y · dy)) / ‖x‖; where ‖x‖ ≤ eps: dx = dy / eps
  l2NormalizeGrad: kernelOf(l2NormalizeGradOp, ({ y, norm, dy }, { dx }, { eps }) => {
    const width = y.shape.at(-1)!;
    const [values, norms, dys, result] = [valuesOf(y), valuesOf(norm), valuesOf(dy), valuesOf(dx)];
    for (let row = 0; row < norms.length; row++) {
      const from = row * width;
      const along = norms[row] <= eps ? 0 : dot(values, dys, from, width);
      for (let c = 0; c < width; c++) result[from + c] = (dys[from + c] - values[from + c] * along) / Math.max(norms[row], eps);
    }
  }),
};

/** normal = (x − μ) / √(σ² + eps), y = normal · weight + bias; the variance from centred values. */
function normalizeRows(
  values: TypedArray,
  { weight, bias }: Scales,
  { y, normal, rstd }: { y: Tensor; normal: Tensor; rstd: Tensor },
  eps: number,
): void {
  const width = y.shape.at(-1)!;
  const [result, normals, inverses] = [valuesOf(y), valuesOf(normal), valuesOf(rstd)];
  const [scales, shifts] = [weight && valuesOf(weight), bias && valuesOf(bias)];
  for (let row = 0; row < inverses.length; row++) {
    const from = row * width;
    let mean = 0;
    for (let c = 0; c < width; c++) mean += values[from + c] / width;
    let variance = 0;
    for (let c = 0; c < width; c++) variance += (values[from + c] - mean) ** 2 / width;
    const inverse = 1 / Math.sqrt(variance + eps);
    inverses[row] = inverse;
    for (let c = 0; c < width; c++) {
      const one = (values[from + c] - mean) * inverse;
      normals[from + c] = one;
      result[from + c] = one * (scales ? scales[c] : 1) + (shifts ? shifts[c] : 0);
    }
  }
}

type GradInputs = { normal: Tensor; weight?: Tensor; rstd: Tensor; dy: Tensor };

// dx̂ = dy · weight;   dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) · rstd;   dWeight = Σ_T dy · x̂;   dBias = Σ_T dy
function layerNormGradRows({ normal, weight, rstd, dy }: GradInputs, { dWeight, dBias }: { dWeight: Tensor; dBias: Tensor }): Float64Array {
  const width = normal.shape.at(-1)!;
  const [normals, dys, inverses] = [valuesOf(normal), valuesOf(dy), valuesOf(rstd)];
  const result = new Float64Array(normals.length); // [… C]
  const scales = weight && valuesOf(weight);
  const [columns, sums] = [new Float64Array(width), new Float64Array(width)];
  for (let row = 0; row < inverses.length; row++) {
    const from = row * width;
    const dNormal = (c: number): number => dys[from + c] * (scales ? scales[c] : 1);
    let [average, along] = [0, 0];
    for (let c = 0; c < width; c++) {
      average += dNormal(c) / width;
      along += (dNormal(c) * normals[from + c]) / width;
    }
    for (let c = 0; c < width; c++) {
      result[from + c] = (dNormal(c) - average - normals[from + c] * along) * inverses[row];
      columns[c] += dys[from + c] * normals[from + c];
      sums[c] += dys[from + c];
    }
  }
  valuesOf(dWeight).set(columns);
  valuesOf(dBias).set(sums);
  return result;
}

/** Σ a · b over one row. */
function dot(a: TypedArray, b: TypedArray, from: number, width: number): number {
  let sum = 0;
  for (let i = from; i < from + width; i++) sum += a[i] * b[i];
  return sum;
}
