// Encoders of sums, maxima, the softmax family and the reductions over segments.

import {
  crossEntropyGradOp,
  crossEntropyOp,
  cumsumOp,
  logSoftmaxOp,
  logsumexpOp,
  maxOp,
  segmentExpandOp,
  segmentLogsumexpOp,
  segmentMaxGradOp,
  segmentMaxOp,
  segmentSumOp,
  softmaxGradOp,
  softmaxOp,
  sumOp,
} from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { encoder, rowsAndWidth } from "./encode.ts";
import type { KernelEntry, KernelFamily } from "./encode.ts";

/** A reduction over one axis (or all) as [outer count inner]. */
function around({ shape, size }: Tensor, axis: number | undefined): [outer: number, count: number, inner: number] {
  if (axis === undefined) return [1, size, 1];
  const product = (lengths: readonly number[]): number => lengths.reduce((all, length) => all * length, 1);
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
}

/** B of offsets [B+1], and the elements of one row of x. */
const segments = (offsets: Tensor, x: Tensor): [b: number, width: number] => [
  offsets.size - 1,
  x.shape.slice(1).reduce((size, length) => size * length, 1),
];

export const reductionKernels: KernelFamily = (writer): KernelEntry => ({
  ...encoder(sumOp, ({ inputs: { x }, outputs: { y }, attributes: { axis }, label }) =>
    writer
      .begin("sum", label)
      .tensors(x, y)
      .real(...around(x, axis))
      .end(),
  ),
  ...encoder(maxOp, ({ inputs: { x }, outputs: { y, index }, attributes: { axis }, label }) =>
    writer
      .begin("max", label)
      .tensors(x, y, index)
      .real(...around(x, axis))
      .end(),
  ),
  ...encoder(cumsumOp, ({ inputs: { x }, outputs: { y }, label }) =>
    writer
      .begin("cumsum", label)
      .tensors(x, y)
      .real(...rowsAndWidth(x))
      .end(),
  ),
  ...encoder(softmaxOp, ({ inputs: { x }, outputs: { y }, label }) =>
    writer
      .begin("softmax", label)
      .tensors(x, y)
      .real(...rowsAndWidth(x))
      .end(),
  ),
  ...encoder(logSoftmaxOp, ({ inputs: { x }, outputs: { y }, label }) =>
    writer
      .begin("logSoftmax", label)
      .tensors(x, y)
      .real(...rowsAndWidth(x))
      .end(),
  ),
  ...encoder(logsumexpOp, ({ inputs: { x }, outputs: { y }, label }) =>
    writer
      .begin("logsumexp", label)
      .tensors(x, y)
      .real(...rowsAndWidth(x))
      .end(),
  ),
  ...encoder(softmaxGradOp, ({ inputs: { y, dy }, outputs: { dx }, label }) =>
    writer
      .begin("softmaxGrad", label)
      .tensors(y, dy, dx)
      .real(...rowsAndWidth(y))
      .end(),
  ),
  ...encoder(crossEntropyOp, ({ inputs: { logits, targets }, outputs: { loss, lse }, attributes: { smoothing, ignoreIndex }, label }) =>
    writer
      .begin("crossEntropy", label)
      .tensors(logits, targets, loss, lse)
      .real(...rowsAndWidth(logits), targets.dtype !== "i32", ignoreIndex, smoothing)
      .end(),
  ),
  ...encoder(
    crossEntropyGradOp,
    ({ inputs: { logits, targets, lse, dLoss }, outputs: { dLogits }, attributes: { smoothing, ignoreIndex }, label }) =>
      writer
        .begin("crossEntropyGrad", label)
        .tensors(logits, targets, lse, dLoss, dLogits)
        .real(...rowsAndWidth(logits), targets.dtype !== "i32", ignoreIndex, smoothing)
        .end(),
  ),
  ...encoder(segmentSumOp, ({ inputs: { x, offsets }, outputs: { y }, attributes: { norm }, label }) =>
    writer
      .begin("segmentSum", label)
      .tensors(x, offsets, y)
      .real(...segments(offsets, x))
      .named("norm", norm)
      .real(x.shape[0])
      .end(),
  ),
  ...encoder(segmentExpandOp, ({ inputs: { x, offsets }, outputs: { y }, attributes: { norm, rows }, label }) =>
    writer
      .begin("segmentExpand", label)
      .tensors(x, offsets, y)
      .real(...segments(offsets, x))
      .named("norm", norm)
      .real(rows)
      .end(),
  ),
  ...encoder(segmentMaxOp, ({ inputs: { x, offsets }, outputs: { y, index }, label }) =>
    writer
      .begin("segmentMax", label)
      .tensors(x, offsets, y, index)
      .real(...segments(offsets, x), x.shape[0])
      .end(),
  ),
  ...encoder(segmentMaxGradOp, ({ inputs: { dy, index }, outputs: { dx }, attributes: { rows }, label }) =>
    writer
      .begin("segmentMaxGrad", label)
      .tensors(dy, index, dx)
      .real(...rowsAndWidth(dy), rows)
      .end(),
  ),
  ...encoder(segmentLogsumexpOp, ({ inputs: { x, offsets }, outputs: { y }, label }) =>
    writer
      .begin("segmentLogsumexp", label)
      .tensors(x, offsets, y)
      .real(offsets.size - 1, x.size)
      .end(),
  ),
});
