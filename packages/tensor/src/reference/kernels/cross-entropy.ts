// Cross entropy and its gradient, row by row.

import { AttuneError } from "@attune/core";
import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { crossEntropyGradOp, crossEntropyOp } from "../../ops/cross-entropy.ts";
import type { Tensor } from "../../tensor.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { logsumexpOf } from "./softmax.ts";

export const crossEntropyKernels: Readonly<Record<string, Kernel>> = {
  crossEntropy: kernelOf(crossEntropyOp, ({ logits, targets }, outputs, { smoothing, ignoreIndex }) => {
    const [rows, width] = logits.shape;
    const loss = valuesOf(outputs.loss);
    const lse = valuesOf(outputs.lse);
    for (let r = 0; r < rows; r++) {
      const x = valuesOf(logits).subarray(r * width, (r + 1) * width);
      const logSum = logsumexpOf(x);
      const weights = targetWeights(targets, r, width, ignoreIndex);
      lse[r] = logSum;
      loss[r] = weights ? rowLoss(x, weights, logSum, smoothing) : 0;
    }
  }),

  crossEntropyGrad: kernelOf(crossEntropyGradOp, ({ logits, targets, ...inputs }, outputs, { smoothing, ignoreIndex }) => {
    const [rows, width] = logits.shape;
    const lse = valuesOf(inputs.lse);
    const dLoss = valuesOf(inputs.dLoss);
    const dLogits = valuesOf(outputs.dLogits);
    for (let r = 0; r < rows; r++) {
      const x = valuesOf(logits).subarray(r * width, (r + 1) * width);
      const weights = targetWeights(targets, r, width, ignoreIndex);
      const total = (1 - smoothing) * sumOf(weights ?? []) + smoothing;
      const even = smoothing / openOf(x);
      for (let j = 0; j < width; j++) {
        const counts = weights !== undefined && x[j] !== -Infinity;
        dLogits[r * width + j] = counts ? (Math.exp(x[j] - lse[r]) * total - (1 - smoothing) * weights[j] - even) * dLoss[r] : 0;
      }
    }
  }),
};

/** (1 − s) (lse Σt − Σ t · x) + s (lse − Σ x / M′), where 0 · −∞ counts as 0 and M′ are the logits above −∞. */
function rowLoss(x: TypedArray, weights: ArrayLike<number>, logSum: number, smoothing: number): number {
  const open = openOf(x);
  let hard = logSum * sumOf(weights);
  let even = logSum;
  for (let j = 0; j < x.length; j++) {
    if (weights[j] !== 0) hard -= weights[j] * x[j];
    if (x[j] !== -Infinity) even -= x[j] / open;
  }
  return smoothing === 0 ? hard : (1 - smoothing) * hard + smoothing * even;
}

/** How many logits are not excluded. */
function openOf(x: TypedArray): number {
  let open = 0;
  for (let j = 0; j < x.length; j++) if (x[j] !== -Infinity) open++;
  return open;
}

function sumOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** Row r of the targets as a distribution; undefined where it is to be ignored. */
function targetWeights(targets: Tensor, r: number, width: number, ignoreIndex: number): ArrayLike<number> | undefined {
  const values = valuesOf(targets);
  if (targets.dtype !== "i32") return values.subarray(r * width, (r + 1) * width);
  const wanted = values[r];
  if (wanted === ignoreIndex) return undefined;
  if (!(wanted >= 0 && wanted < width)) {
    throw new AttuneError({
      code: "E_INDEX",
      place: `crossEntropy targets[${r}]`,
      expected: `0 to ${width - 1}, or ${ignoreIndex}`,
      got: String(wanted),
    });
  }
  const weights = new Float64Array(width);
  weights[wanted] = 1;
  return weights;
}
