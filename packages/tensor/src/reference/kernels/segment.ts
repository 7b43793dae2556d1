// Reductions over the rows of each text, delimited by offsets, and what goes back from a text to its rows.

import type { Kernel } from "../../backend.ts";
import { segmentLogsumexpOp } from "../../ops/segment-logsumexp.ts";
import { segmentMaxGradOp, segmentMaxOp } from "../../ops/segment-max.ts";
import { segmentExpandOp, segmentSumOp } from "../../ops/segment-sum.ts";
import type { SegmentNorm } from "../../ops/segment-sum.ts";
import { sizeOf } from "../../shape.ts";
import { boundsOf } from "../bounds.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { firstMaximum } from "./reduce.ts";
import { logsumexpOf } from "./softmax.ts";

/** What a segment of `length` rows is multiplied by; an empty one by 0. */
function factorOf(norm: SegmentNorm, length: number): number {
  if (length === 0) return 0;
  if (norm === "sum") return 1;
  return norm === "mean" ? 1 / length : 1 / Math.sqrt(length);
}

export const segmentKernels: Readonly<Record<string, Kernel>> = {
  segmentSum: kernelOf(segmentSumOp, (inputs, outputs, { norm }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const offsets = boundsOf("segmentSum", inputs.offsets, inputs.x.shape[0]);
    const width = sizeOf(inputs.x.shape.slice(1));
    for (let b = 0; b + 1 < offsets.length; b++) {
      const sums = new Float64Array(width);
      for (let t = offsets[b]; t < offsets[b + 1]; t++) for (let c = 0; c < width; c++) sums[c] += x[t * width + c];
      const factor = factorOf(norm, offsets[b + 1] - offsets[b]);
      for (let c = 0; c < width; c++) y[b * width + c] = sums[c] * factor;
    }
  }),

  segmentExpand: kernelOf(segmentExpandOp, (inputs, outputs, { norm, rows }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const offsets = boundsOf("segmentExpand", inputs.offsets, rows);
    const width = sizeOf(inputs.x.shape.slice(1));
    y.fill(0); // rows that belong to no segment
    for (let b = 0; b + 1 < offsets.length; b++) {
      const factor = factorOf(norm, offsets[b + 1] - offsets[b]);
      for (let t = offsets[b]; t < offsets[b + 1]; t++) for (let c = 0; c < width; c++) y[t * width + c] = x[b * width + c] * factor;
    }
  }),

  segmentMax: kernelOf(segmentMaxOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(outputs.index);
    const offsets = boundsOf("segmentMax", inputs.offsets, inputs.x.shape[0]);
    const width = inputs.x.shape[1];
    for (let b = 0; b + 1 < offsets.length; b++) {
      const length = offsets[b + 1] - offsets[b];
      for (let c = 0; c < width; c++) {
        const row = length === 0 ? -1 : offsets[b] + firstMaximum(x, offsets[b] * width + c, length, width);
        index[b * width + c] = row;
        y[b * width + c] = row < 0 ? 0 : x[row * width + c];
      }
    }
  }),

  segmentMaxGrad: kernelOf(segmentMaxGradOp, (inputs, outputs) => {
    const dy = valuesOf(inputs.dy);
    const dx = valuesOf(outputs.dx);
    const index = valuesOf(inputs.index);
    const width = inputs.dy.shape[1];
    dx.fill(0);
    for (let i = 0; i < dy.length; i++) if (index[i] >= 0) dx[index[i] * width + (i % width)] = dy[i];
  }),

  segmentLogsumexp: kernelOf(segmentLogsumexpOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const offsets = boundsOf("segmentLogsumexp", inputs.offsets, x.length);
    for (let b = 0; b < y.length; b++) y[b] = logsumexpOf(x.subarray(offsets[b], offsets[b + 1]));
  }),
};
