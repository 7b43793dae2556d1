// log Σ e^x over each segment of a ragged list: the softmax denominators of groups of different sizes.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, equal, mul, sub } from "./binary.ts";
import { fill } from "./fill.ts";
import { reshape } from "./reshape.ts";
import { segmentMax } from "./segment-max.ts";
import { segmentExpand, segmentSum, segmentsIn } from "./segment-sum.ts";
import { finiteOrZero } from "./softmax.ts";
import { exp, log } from "./unary.ts";
import { whereMasked } from "./where.ts";

export const segmentLogsumexpOp = defineOp<{ x: Tensor; offsets: Tensor }, { y: Tensor }, object>({
  name: "segmentLogsumexp",
  saves: { inputs: ["x", "offsets"], outputs: ["y"] },

  infer({ x, offsets }) {
    expectFloat("segmentLogsumexp", "x", x);
    expectShape("segmentLogsumexp", "x", x, ["T"]);
    return { y: { shape: [segmentsIn("segmentLogsumexp", offsets)], dtype: x.dtype } };
  },

  // dx[t] = e^(x[t] − y[b]) · dy[b]; 0 in a segment of nothing but −∞, and for values of no segment, however large they are
  vjp({ x, offsets, y }, { dy }) {
    const { engine, shape, dtype } = dy!;
    const expand = (one: Tensor): Tensor => segmentExpand(one, offsets!, { rows: x!.shape[0] });
    const outside = equal(expand(fill(engine, shape, 1, dtype)), fill(engine, [], 0, dtype)); // [T]
    const below = whereMasked(sub(x!, expand(finiteOrZero(y!))), outside, -Infinity);
    return { x: mul(exp(below), expand(dy!)) };
  },

  decompose({ x, offsets }) {
    const rows = x.shape[0];
    const top = finiteOrZero(reshape(segmentMax(reshape(x, [rows, 1]), offsets), [offsets.shape[0] - 1]));
    return { y: add(log(segmentSum(exp(sub(x, segmentExpand(top, offsets, { rows }))), offsets)), top) };
  },
});

/** log Σ e^x of each segment; −∞ for an empty one. x [T] · offsets i32 [B+1] → [B]. */
export function segmentLogsumexp(x: Tensor, offsets: Tensor): Tensor {
  return segmentLogsumexpOp({ x, offsets }, {}).y;
}
