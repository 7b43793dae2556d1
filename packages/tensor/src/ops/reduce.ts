// Sums, means, extremes and running sums along one axis, or over everything.

import { defineOp } from "../op.ts";
import { expectFloat, resolveAxis, sameShape, shapeError, shapeText, sizeOf } from "../shape.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, sub } from "./binary.ts";
import { broadcastTo } from "./broadcast-to.ts";
import { scatterLast } from "./scatter.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { neg, scale, square } from "./unary.ts";

/** Along `axis` (negative counts from the end), or over everything without one; `keep` leaves an axis of length 1. */
export interface ReduceOptions {
  readonly axis?: number;
  readonly keep?: boolean;
}

/** `axis` counted from the front; undefined: all axes. */
type ReduceAttributes = { axis: number | undefined; keep: boolean };

export const sumOp = defineOp<{ x: Tensor }, { y: Tensor }, ReduceAttributes>({
  name: "sum",

  infer({ x }, attributes) {
    expectFloat("sum", "x", x);
    return { y: { shape: reducedShape("sum", x.shape, attributes), dtype: x.dtype } };
  },

  // dx = dy, repeated along the axis
  vjp: (_, { dy }, { axis }, sink) => ({ x: spread(dy!, sink.spec("x").shape, axis) }),
});

export const meanOp = defineOp<{ x: Tensor }, { y: Tensor }, ReduceAttributes>({
  name: "mean",

  infer({ x }, attributes) {
    expectFloat("mean", "x", x);
    return { y: { shape: reducedShape("mean", x.shape, attributes), dtype: x.dtype } };
  },

  // dx = dy / n, repeated along the axis
  vjp(_, { dy }, { axis }, sink) {
    const { shape } = sink.spec("x");
    return { x: spread(scale(dy!, 1 / countOf(shape, axis)), shape, axis) };
  },

  decompose: ({ x }, attributes) => ({ y: scale(sumOp({ x }, attributes).y, 1 / countOf(x.shape, attributes.axis)) }),
});

export const maxOp = defineOp<{ x: Tensor }, { y: Tensor; index: Tensor }, { axis: number; keep: boolean }>({
  name: "max",
  saves: { outputs: ["index"] },

  infer({ x }, attributes) {
    expectFloat("max", "x", x);
    const shape = reducedShape("max", x.shape, attributes);
    if (x.shape[attributes.axis] === 0) throw shapeError("max", "x with at least one element along the axis", shapeText(x.shape));
    return { y: { shape, dtype: x.dtype }, index: { shape, dtype: "i32" } };
  },

  // dx = dy at the index of the (first) maximum, else 0
  vjp({ index }, { dy }, { axis }, sink) {
    const { shape } = sink.spec("x");
    const outer = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    const columns = [outer, inner, 1];
    const dx = scatterLast(reshape(dy!, columns), reshape(index!, columns), { width: shape[axis] }); // [outer inner N]
    return { x: reshape(inner === 1 ? dx : transpose(dx, [0, 2, 1]), shape) };
  },
});

export const cumsumOp = defineOp<{ x: Tensor }, { y: Tensor }, object>({
  name: "cumsum",

  infer({ x }) {
    expectFloat("cumsum", "x", x);
    resolveAxis("cumsum", x.shape, -1);
    return { y: { shape: x.shape, dtype: x.dtype } };
  },

  // dx_i = Σ_{j ≥ i} dy_j
  vjp: (_, { dy }) => ({ x: add(sub(sum(dy!, { axis: -1, keep: true }), cumsum(dy!)), dy!) }),
});

/** Sum along an axis, or of everything. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return sumOp({ x }, resolve("sum", x, options)).y;
}

/** Mean along an axis, or of everything; NaN of nothing. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return meanOp({ x }, resolve("mean", x, options)).y;
}

/** Largest value along an axis, or of everything; NaN if there is one. The gradient goes to the first maximum. */
export function max(x: Tensor, { axis, keep = false }: ReduceOptions = {}): Tensor {
  if (axis !== undefined) return maxOp({ x }, { axis: resolveAxis("max", x.shape, axis), keep }).y;
  const y = maxOp({ x: reshape(x, [x.size]) }, { axis: 0, keep: false }).y;
  return keep
    ? reshape(
        y,
        x.shape.map(() => 1),
      )
    : y;
}

/** Smallest value along an axis, or of everything; NaN if there is one. The gradient goes to the first minimum. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return neg(max(neg(x), options));
}

/** Population variance along an axis, or of everything. */
export function variance(x: Tensor, { axis, keep }: ReduceOptions = {}): Tensor {
  return mean(square(sub(x, mean(x, { axis, keep: true }))), { axis, keep });
}

/** Running sum along the last axis. */
export function cumsum(x: Tensor): Tensor {
  return cumsumOp({ x }, {}).y;
}

/** The adjoint of broadcasting: x summed over the axes that `shape` does not have, or has with length 1. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  let y = x;
  if (extra > 0) y = sum(reshape(x, [sizeOf(x.shape.slice(0, extra)), ...x.shape.slice(extra)]), { axis: 0 });
  shape.forEach((length, axis) => {
    if (length === 1 && y.shape[axis] !== 1) y = sum(y, { axis, keep: true });
  });
  return y;
}

function resolve(op: string, x: Tensor, { axis, keep = false }: ReduceOptions): ReduceAttributes {
  return { axis: axis === undefined ? undefined : resolveAxis(op, x.shape, axis), keep };
}

function reducedShape(op: string, shape: Shape, { axis, keep }: ReduceAttributes): Shape {
  if (axis === undefined) return keep ? shape.map(() => 1) : [];
  if (axis < 0) throw shapeError(op, "an axis counted from the front", String(axis));
  resolveAxis(op, shape, axis);
  return keep ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
}

/** Elements that one sum is over. */
function countOf(shape: Shape, axis: number | undefined): number {
  return axis === undefined ? sizeOf(shape) : shape[axis];
}

/** dy, with or without the reduced axis, repeated to the shape of x. */
function spread(dy: Tensor, shape: Shape, axis: number | undefined): Tensor {
  const kept = shape.map((length, i) => (axis === undefined || i === axis ? 1 : length));
  return broadcastTo(reshape(dy, kept), shape);
}
