// The largest entry of each column over the rows of each text of a packed batch.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { segmentsIn } from "./segment-sum.ts";

export const segmentMaxOp = defineOp<{ x: Tensor; offsets: Tensor }, { y: Tensor; index: Tensor }, object>({
  name: "segmentMax",
  saves: { outputs: ["index"] },

  infer({ x, offsets }) {
    expectFloat("segmentMax", "x", x);
    expectShape("segmentMax", "x", x, ["T", "C"]);
    const shape = [segmentsIn("segmentMax", offsets), x.shape[1]];
    return { y: { shape, dtype: x.dtype }, index: { shape, dtype: "i32" } };
  },

  vjp({ index }, { dy }, _, sink) {
    return { x: segmentMaxGradOp({ dy: dy!, index: index! }, { rows: sink.spec("x").shape[0] }).dx };
  },
});

// dx[index[b, c], c] = dy[b, c], else 0; an empty text (index −1) gives nothing
export const segmentMaxGradOp = defineOp<{ dy: Tensor; index: Tensor }, { dx: Tensor }, { rows: number }>({
  name: "segmentMaxGrad",

  infer({ dy, index }, { rows }) {
    expectFloat("segmentMaxGrad", "dy", dy);
    expectShape("segmentMaxGrad", "dy", dy, ["B", "C"]);
    expectType("segmentMaxGrad", "index", index, "i32");
    expectShape("segmentMaxGrad", "index", index, dy.shape);
    return { dx: { shape: [rows, dy.shape[1]], dtype: dy.dtype } };
  },
});

/** The largest of each column per text, NaN if there is one; 0 for an empty text. x [T C] · offsets i32 [B+1] → [B C]. */
export function segmentMax(x: Tensor, offsets: Tensor): Tensor {
  return segmentMaxOp({ x, offsets }, {}).y;
}
