// The softmax family. The ops work on the last axis; the functions move another axis there and back.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, resolveAxis, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, equal, mul, sub } from "./binary.ts";
import { fill } from "./fill.ts";
import { max, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { abs, exp, log } from "./unary.ts";
import { whereMasked } from "./where.ts";

type Unary = { x: Tensor };

function inferSame(op: string, { x }: Unary) {
  expectFloat(op, "x", x);
  rowsOf(op, x.shape);
  return { y: { shape: x.shape, dtype: x.dtype } };
}

export const softmaxOp = defineOp<Unary, { y: Tensor }, object>({
  name: "softmax",
  saves: { outputs: ["y"] },
  infer: (inputs) => inferSame("softmax", inputs),
  vjp: ({ y }, { dy }) => ({ x: softmaxGradOp({ y: y!, dy: dy! }, {}).dx }),

  decompose({ x }) {
    const e = exp(sub(x, max(x, { axis: -1, keep: true })));
    return { y: div(e, sum(e, { axis: -1, keep: true })) };
  },
});

export const softmaxGradOp = defineOp<{ y: Tensor; dy: Tensor }, { dx: Tensor }, object>({
  name: "softmaxGrad",

  infer({ y, dy }) {
    expectFloat("softmaxGrad", "y", y);
    rowsOf("softmaxGrad", y.shape);
    expectShape("softmaxGrad", "dy", dy, y.shape);
    expectType("softmaxGrad", "dy", dy, y.dtype);
    return { dx: { shape: y.shape, dtype: y.dtype } };
  },

  // dx = y · (dy − Σ y · dy)
  decompose: ({ y, dy }) => ({ dx: mul(y, sub(dy, sum(mul(y, dy), { axis: -1, keep: true }))) }),
});

export const logSoftmaxOp = defineOp<Unary, { y: Tensor }, object>({
  name: "logSoftmax",
  saves: { outputs: ["y"] },
  infer: (inputs) => inferSame("logSoftmax", inputs),

  // dx = dy − e^y · Σ dy
  vjp: ({ y }, { dy }) => ({ x: sub(dy!, mul(exp(y!), sum(dy!, { axis: -1, keep: true }))) }),

  decompose({ x }) {
    const below = sub(x, max(x, { axis: -1, keep: true }));
    return { y: sub(below, log(sum(exp(below), { axis: -1, keep: true }))) };
  },
});

export const logsumexpOp = defineOp<Unary, { y: Tensor }, object>({
  name: "logsumexp",
  saves: { inputs: ["x"], outputs: ["y"] },

  infer({ x }) {
    expectFloat("logsumexp", "x", x);
    rowsOf("logsumexp", x.shape);
    return { y: { shape: x.shape.slice(0, -1), dtype: x.dtype } };
  },

  // dx = e^(x − y) · dy; 0 in a row of nothing but −∞
  vjp({ x, y }, { dy }) {
    const column = [...dy!.shape, 1];
    return { x: mul(exp(sub(x!, reshape(finiteOrZero(y!), column))), reshape(dy!, column)) };
  },

  decompose({ x }) {
    const top = finiteOrZero(max(x, { axis: -1, keep: true }));
    const y = add(log(sum(exp(sub(x, top)), { axis: -1, keep: true })), top);
    return { y: reshape(y, x.shape.slice(0, -1)) };
  },
});

/** e^x / Σ e^x along an axis; a row of nothing but −∞ is NaN, as in PyTorch. */
export function softmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  return alongLast("softmax", x, axis, (last) => softmaxOp({ x: last }, {}).y);
}

/** x − log Σ e^x along an axis. */
export function logSoftmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  return alongLast("logSoftmax", x, axis, (last) => logSoftmaxOp({ x: last }, {}).y);
}

/** log Σ e^x along an axis, which disappears; −∞ for a row of nothing but −∞. */
export function logsumexp(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  const at = resolveAxis("logsumexp", x.shape, axis);
  const last = x.shape.length - 1;
  const order = [...x.shape.keys()].filter((one) => one !== at);
  return logsumexpOp({ x: at === last ? x : transpose(x, [...order, at]) }, {}).y;
}

/** x with ±∞ replaced by 0: what may be subtracted from infinities without making a NaN. */
export function finiteOrZero(x: Tensor): Tensor {
  return whereMasked(x, equal(abs(x), fill(x.engine, [], Infinity, x.dtype)), 0);
}

function alongLast(op: string, x: Tensor, axis: number, fn: (last: Tensor) => Tensor): Tensor {
  const at = resolveAxis(op, x.shape, axis);
  const last = x.shape.length - 1;
  if (at === last) return fn(x);
  const swap = [...x.shape.keys()].with(at, last).with(last, at);
  return transpose(fn(transpose(x, swap)), swap);
}
