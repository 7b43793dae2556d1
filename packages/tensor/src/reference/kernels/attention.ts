// Attention over packed texts as plain loops: one query row at a time, its scores and probabilities in double; what a product in bf16 would read
// is rounded.

import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { attentionGradOp, attentionOp } from "../../ops/attention.ts";
import type { AttentionAttributes } from "../../ops/attention.ts";
import type { Tensor } from "../../tensor.ts";
import { boundsOf } from "../bounds.ts";
import { kernelOf, rounding } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { headMask, maskRow } from "../random-mask.ts";

export const attentionKernels: Readonly<Record<string, Kernel>> = {
  attention: kernelOf(attentionOp, ({ qkv, cuSeqlens, bias }, { y, lse }, attributes) => {
    const { heads, headDim } = attributes;
    const [values, result, logSums] = [valuesOf(qkv), valuesOf(y), valuesOf(lse)];
    const read = rounding(qkv);
    result.fill(0);
    logSums.fill(-Infinity); // tokens of no text see nothing
    for (const row of queryRows(boundsOf("attention", cuSeqlens, qkv.shape[0]), attributes)) {
      const scores = scoresOf(row, values, bias, attributes);
      const { largest, logSum } = logSumExp(scores);
      logSums[row.token * heads + row.head] = logSum;
      if (logSum === -Infinity) continue; // nothing is visible: zeros
      const mask = maskRow(headMask(attributes.random, row.head), row.token, row.length);
      const sums = new Float64Array(headDim); // [d]
      for (let j = 0, at = row.valueAt; j < scores.length; j++, at += row.step) {
        addScaled(sums, 0, read(Math.exp(scores[j] - largest) * mask[row.firstKey + j]), values, at, headDim);
      }
      const share = Math.exp(largest - logSum);
      result.set(
        sums.map((sum) => sum * share),
        (row.token * heads + row.head) * headDim,
      );
    }
  }),

  attentionGrad: kernelOf(attentionGradOp, ({ qkv, cuSeqlens, bias, y, lse, dy }, { dqkv, dBias }, attributes) => {
    const { heads, headDim, scale, random } = attributes;
    const [values, outputs, logSums, dys] = [valuesOf(qkv), valuesOf(y), valuesOf(lse), valuesOf(dy)];
    const read = rounding(qkv);
    const gradients = new Float64Array(values.length); // [T (H+2K)·d]
    const biasGradients = new Float64Array(bias ? bias.size : 0); // [H L L]
    for (const row of queryRows(boundsOf("attentionGrad", cuSeqlens, qkv.shape[0]), attributes)) {
      const logSum = logSums[row.token * heads + row.head];
      if (logSum === -Infinity) continue;
      const scores = scoresOf(row, values, bias, attributes);
      const mask = maskRow(headMask(random, row.head), row.token, row.length);
      const dyAt = (row.token * heads + row.head) * headDim;
      const alongY = dot(dys, dyAt, outputs, dyAt, headDim);
      for (let j = 0, keyAt = row.keyAt, valueAt = row.valueAt; j < scores.length; j++, keyAt += row.step, valueAt += row.step) {
        const p = Math.exp(scores[j] - logSum);
        const kept = mask[row.firstKey + j];
        const dScore = p * (kept * dot(dys, dyAt, values, valueAt, headDim) - alongY);
        const scaled = read(scale * dScore);
        addScaled(gradients, row.queryAt, scaled, values, keyAt, headDim);
        addScaled(gradients, keyAt, scaled, values, row.queryAt, headDim);
        addScaled(gradients, valueAt, read(p * kept), dys, dyAt, headDim);
        if (bias) biasGradients[biasAt(bias, row, j)] += dScore;
      }
    }
    valuesOf(dqkv).set(gradients);
    if (dBias) valuesOf(dBias).set(biasGradients);
  }),
};

/** One query token and head, and the keys that it sees: `firstKey` … `lastKey` within its text. */
interface QueryRow {
  readonly head: number;
  /** Of the batch. */
  readonly token: number;
  /** Of the text. */
  readonly position: number;
  /** Tokens of the text. */
  readonly length: number;
  readonly firstKey: number;
  readonly lastKey: number;
  /** Where the query, the first visible key and its value begin in qkv. */
  readonly queryAt: number;
  readonly keyAt: number;
  readonly valueAt: number;
  /** From one key to the next. */
  readonly step: number;
}

function* queryRows(bounds: TypedArray, { heads, kvHeads, headDim, windowLeft, windowRight }: AttentionAttributes): Generator<QueryRow> {
  const width = (heads + 2 * kvHeads) * headDim;
  for (let text = 0; text + 1 < bounds.length; text++) {
    const start = bounds[text];
    const length = bounds[text + 1] - start;
    for (let position = 0; position < length; position++) {
      const firstKey = windowLeft < 0 ? 0 : Math.max(0, position - windowLeft);
      const lastKey = windowRight < 0 ? length - 1 : Math.min(length - 1, position + windowRight);
      for (let head = 0; head < heads; head++) {
        const token = start + position;
        const group = Math.floor((head * kvHeads) / heads);
        const keyAt = (start + firstKey) * width + (heads + group) * headDim;
        const valueAt = keyAt + kvHeads * headDim;
        yield { head, token, position, length, firstKey, lastKey, queryAt: token * width + head * headDim, keyAt, valueAt, step: width };
      }
    }
  }
}

/** scale · q · k + bias for every visible key. */
function scoresOf(row: QueryRow, values: TypedArray, bias: Tensor | undefined, { headDim, scale }: AttentionAttributes): Float64Array {
  const scores = new Float64Array(row.lastKey - row.firstKey + 1);
  const added = bias && valuesOf(bias);
  for (let j = 0; j < scores.length; j++) {
    scores[j] =
      scale * dot(values, row.queryAt, values, row.keyAt + j * row.step, headDim) + (bias && added ? added[biasAt(bias, row, j)] : 0);
  }
  return scores;
}

/** Where bias[head, position, key] is. */
function biasAt(bias: Tensor, { head, position, firstKey }: QueryRow, j: number): number {
  const length = bias.shape[1];
  return (head * length + position) * length + firstKey + j;
}

/** The largest score and log Σ e^score, −∞ of nothing; NaN if there is one. */
function logSumExp(scores: Float64Array): { largest: number; logSum: number } {
  let largest = -Infinity;
  for (const score of scores) largest = Math.max(largest, score);
  if (largest === -Infinity) return { largest, logSum: largest };
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  return { largest, logSum: largest + Math.log(sum) };
}

function dot(a: TypedArray, aAt: number, b: TypedArray, bAt: number, length: number): number {
  let sum = 0;
  for (let c = 0; c < length; c++) sum += a[aAt + c] * b[bAt + c];
  return sum;
}

/** into += factor · values, `length` elements of each. */
function addScaled(into: Float64Array, intoAt: number, factor: number, values: TypedArray, at: number, length: number): void {
  for (let c = 0; c < length; c++) into[intoAt + c] += factor * values[at + c];
}
