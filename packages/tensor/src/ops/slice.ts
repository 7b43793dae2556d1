// A range of one axis, and its adjoint, padding with zeros. Along the first axis a slice is a view; along others it is a copy.

import { defineOp } from "../op.ts";
import { expectAxes, expectFloat, isLength, resolveAxis, shapeError, shapeText, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const sliceOp = defineOp<{ x: Tensor }, { y: Tensor }, { axis: number; start: number; end: number }>({
  name: "slice",

  infer({ x }, { axis, start, end }) {
    const length = x.shape[resolveAxis("slice", x.shape, axis)];
    if (!(axis >= 0 && Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= length)) {
      throw shapeError("slice", `a range of axis ${axis} of x ${shapeText(x.shape)}`, `${start}…${end}`);
    }
    if (axis > 0) expectAxes("slice", x.shape); // else it is a view
    return { y: { shape: x.shape.with(axis, end - start), dtype: x.dtype } };
  },

  view: ({ x }, { axis, start }) => (axis === 0 ? start * sizeOf(x.shape.slice(1)) : undefined),

  // dx = dy with zeros around
  vjp(_, { dy }, { axis, start, end }, sink) {
    const length = sink.spec("x").shape[axis];
    return { x: pad(dy!, { axis, before: start, after: length - end }) };
  },
});

export const padOp = defineOp<{ x: Tensor }, { y: Tensor }, { axis: number; before: number; after: number }>({
  name: "pad",

  infer({ x }, { axis, before, after }) {
    expectFloat("pad", "x", x);
    expectAxes("pad", x.shape);
    const length = x.shape[resolveAxis("pad", x.shape, axis)];
    if (!(axis >= 0 && isLength(before) && isLength(after)))
      throw shapeError("pad", "an axis and lengths from 0", `axis ${axis}, ${before}, ${after}`);
    return { y: { shape: x.shape.with(axis, before + length + after), dtype: x.dtype } };
  },

  // dx = dy without the margins
  vjp(_, { dy }, { axis, before }, sink) {
    return { x: slice(dy!, { axis, start: before, end: before + sink.spec("x").shape[axis] }) };
  },
});

/** Elements `start` to before `end` (default: to the end) of one axis; negative axes count from the end. */
export function slice(x: Tensor, { axis, start = 0, end }: { axis: number; start?: number; end?: number }): Tensor {
  const resolved = resolveAxis("slice", x.shape, axis);
  return sliceOp({ x }, { axis: resolved, start, end: end ?? x.shape[resolved] }).y;
}

/** x with `before` and `after` zeros around it along one axis. */
export function pad(x: Tensor, { axis, before = 0, after = 0 }: { axis: number; before?: number; after?: number }): Tensor {
  return padOp({ x }, { axis: resolveAxis("pad", x.shape, axis), before, after }).y;
}
