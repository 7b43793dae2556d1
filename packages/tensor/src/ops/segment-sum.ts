// Sums over the rows of each text of a packed batch, and their adjoint: each text's value, given to all of its rows.

import { AttuneError } from "@attune/core";
import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, resolveAxis } from "../shape.ts";
import type { Shape, Spec } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** What a segment's sum is divided by: nothing, its length, or the square root of its length. */
export type SegmentNorm = "sum" | "mean" | "sqrt";

type Inputs = { x: Tensor; offsets: Tensor };

export const segmentSumOp = defineOp<Inputs, { y: Tensor }, { norm: SegmentNorm }>({
  name: "segmentSum",
  saves: { inputs: ["offsets"] },

  infer({ x, offsets }, { norm }) {
    expectFloat("segmentSum", "x", x);
    resolveAxis("segmentSum", x.shape, 0);
    expectNorm("segmentSum", norm);
    return { y: { shape: x.shape.with(0, segmentsIn("segmentSum", offsets)), dtype: x.dtype } };
  },

  // dx[t] = dy[b of t] / divisor[b]
  vjp: ({ offsets }, { dy }, { norm }, sink) => ({ x: segmentExpand(dy!, offsets!, { norm, rows: sink.spec("x").shape[0] }) }),
});

export const segmentExpandOp = defineOp<Inputs, { y: Tensor }, { norm: SegmentNorm; rows: number }>({
  name: "segmentExpand",
  saves: { inputs: ["offsets"] },

  infer({ x, offsets }, { norm, rows }) {
    expectFloat("segmentExpand", "x", x);
    expectNorm("segmentExpand", norm);
    expectShape("segmentExpand", "x", x, [segmentsIn("segmentExpand", offsets), ...x.shape.slice(1)]);
    return { y: { shape: x.shape.with(0, rows) satisfies Shape, dtype: x.dtype } };
  },

  // dx[b] = Σ_{t in b} dy[t] / divisor[b]
  vjp: ({ offsets }, { dy }, { norm }) => ({ x: segmentSum(dy!, offsets!, { norm }) }),
});

/** The sum of each text's rows, divided as `norm` says; 0 for an empty text. x [T …] · offsets i32 [B+1] → [B …]. */
export function segmentSum(x: Tensor, offsets: Tensor, { norm = "sum" }: { norm?: SegmentNorm } = {}): Tensor {
  return segmentSumOp({ x, offsets }, { norm }).y;
}

/** Each text's row, divided as `norm` says, for every one of its tokens; 0 for those of the `rows` = T that are in no text. x [B …] · offsets i32 [B+1] → [T …]. */
export function segmentExpand(x: Tensor, offsets: Tensor, { norm = "sum", rows }: { norm?: SegmentNorm; rows: number }): Tensor {
  return segmentExpandOp({ x, offsets }, { norm, rows }).y;
}

/** The number of segments B that offsets i32 [B+1] delimit; E_SHAPE or E_DTYPE when they cannot. */
export function segmentsIn(op: string, offsets: Spec): number {
  expectType(op, "offsets", offsets, "i32");
  expectShape(op, "offsets", offsets, ["B+1"]);
  if (offsets.shape[0] === 0) expectShape(op, "offsets", offsets, [1]);
  return offsets.shape[0] - 1;
}

function expectNorm(op: string, norm: SegmentNorm): void {
  if (norm === "sum" || norm === "mean" || norm === "sqrt") return;
  throw new AttuneError({ code: "E_ATTRIBUTE", place: `${op} norm`, expected: "sum, mean or sqrt", got: String(norm satisfies never) });
}
