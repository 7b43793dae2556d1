// Rows scaled to length 1: what makes a dot product a cosine.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, wideType } from "./_expect.ts";
import { div, greater, maximum, mul, sub } from "./binary.ts";
import { fill } from "./fill.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { sqrt, square } from "./unary.ts";
import { where } from "./where.ts";

export const l2NormalizeOp = defineOp<{ x: Tensor }, { y: Tensor; norm: Tensor }, { eps: number }>({
  name: "l2Normalize",
  saves: { outputs: ["y", "norm"] },

  infer({ x }) {
    expectOneFloat("l2Normalize", x);
    return { y: { shape: x.shape, dtype: x.dtype }, norm: { shape: [rowsOf("l2Normalize", x.shape).rows], dtype: wideType(x) } };
  },

  vjp: ({ y, norm }, { dy }, { eps }) => ({ x: l2NormalizeGradOp({ y: y!, norm: norm!, dy: dy! }, { eps }).dx }),

  decompose({ x }, { eps }) {
    const { rows } = rowsOf("l2Normalize", x.shape);
    const norm = sqrt(sum(square(x), { axis: -1, keep: true })); // [… 1]
    return { y: div(x, maximum(norm, fill(x.engine, [1], eps, x.dtype))), norm: reshape(norm, [rows]) };
  },
});

export const l2NormalizeGradOp = defineOp<{ y: Tensor; norm: Tensor; dy: Tensor }, { dx: Tensor }, { eps: number }>({
  name: "l2NormalizeGrad",

  infer({ y, norm, dy }) {
    expectShape("l2NormalizeGrad", "norm", norm, [rowsOf("l2NormalizeGrad", y.shape).rows]);
    expectShape("l2NormalizeGrad", "dy", dy, y.shape);
    expectFloat("l2NormalizeGrad", "y", y);
    expectOneFloat("l2NormalizeGrad", y, { dy });
    expectType("l2NormalizeGrad", "norm", norm, wideType(y));
    return { dx: { shape: y.shape, dtype: y.dtype } };
  },

  // dx = (dy − y · Σ(y · dy)) / ‖x‖; where ‖x‖ ≤ eps the divisor was constant: dx = dy / eps
  decompose({ y, norm, dy }, { eps }) {
    const { rows, width } = rowsOf("l2NormalizeGrad", y.shape);
    const flatY = reshape(y, [rows, width]);
    const flatDy = reshape(dy, [rows, width]);
    const limit = fill(y.engine, [1, 1], eps, y.dtype);
    const norms = reshape(norm, [rows, 1]);
    const across = sub(flatDy, mul(flatY, sum(mul(flatY, flatDy), { axis: -1, keep: true })));
    return { dx: reshape(div(where(greater(norms, limit), across, flatDy), maximum(norms, limit)), y.shape) };
  },
});

/** y = x / max(‖x‖, eps), per row; a row of zeros stays zero. x [… C] → [… C]. */
export function l2Normalize(x: Tensor, { eps = 1e-12 }: { eps?: number } = {}): Tensor {
  return l2NormalizeOp({ x }, { eps }).y;
}
