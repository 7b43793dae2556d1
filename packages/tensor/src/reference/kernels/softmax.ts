// The softmax family, row by row. Exponentials are taken below the row's maximum.

import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { logSoftmaxOp, logsumexpOp, softmaxGradOp, softmaxOp } from "../../ops/softmax.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const softmaxKernels: Readonly<Record<string, Kernel>> = {
  softmax: kernelOf(softmaxOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const width = inputs.x.shape.at(-1)!;
    for (let start = 0; start < x.length; start += width) {
      const { top, total } = statistics(x.subarray(start, start + width));
      for (let i = start; i < start + width; i++) y[i] = Math.exp(x[i] - top) / total;
    }
  }),

  softmaxGrad: kernelOf(softmaxGradOp, (inputs, outputs) => {
    const y = valuesOf(inputs.y);
    const dy = valuesOf(inputs.dy);
    const dx = valuesOf(outputs.dx);
    const width = inputs.y.shape.at(-1)!;
    for (let start = 0; start < y.length; start += width) {
      let along = 0;
      for (let i = start; i < start + width; i++) along += y[i] * dy[i];
      for (let i = start; i < start + width; i++) dx[i] = y[i] * (dy[i] - along);
    }
  }),

  logSoftmax: kernelOf(logSoftmaxOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const width = inputs.x.shape.at(-1)!;
    for (let start = 0; start < x.length; start += width) {
      const { top, total } = statistics(x.subarray(start, start + width));
      for (let i = start; i < start + width; i++) y[i] = x[i] - top - Math.log(total);
    }
  }),

  logsumexp: kernelOf(logsumexpOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const width = inputs.x.shape.at(-1)!;
    for (let r = 0; r < y.length; r++) y[r] = logsumexpOf(x.subarray(r * width, (r + 1) * width));
  }),
};

/** A row's maximum and Σ e^(x − maximum); both NaN with a NaN. */
function statistics(row: TypedArray): { top: number; total: number } {
  let top = -Infinity;
  for (let i = 0; i < row.length; i++) top = Math.max(top, row[i]);
  let total = 0;
  for (let i = 0; i < row.length; i++) total += Math.exp(row[i] - top);
  return { top, total };
}

/** log Σ e^x of a row; −∞ for a row of nothing, or of nothing but −∞; NaN with a NaN. */
export function logsumexpOf(row: TypedArray): number {
  const { top, total } = statistics(row);
  return Math.abs(top) === Infinity ? top : top + Math.log(total);
}
