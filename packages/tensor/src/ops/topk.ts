// The k largest entries of each row.

import { defineOp } from "../op.ts";
import { expectFloat, rowsOf, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { scatterLast } from "./scatter.ts";

export const topkOp = defineOp<{ x: Tensor }, { values: Tensor; index: Tensor }, { k: number }>({
  name: "topk",
  saves: { outputs: ["index"] },

  infer({ x }, { k }) {
    expectFloat("topk", "x", x);
    const { width } = rowsOf("topk", x.shape);
    if (!(Number.isInteger(k) && k >= 0 && k <= width)) throw shapeError("topk", `k from 0 to ${width}`, String(k));
    const shape = x.shape.with(-1, k);
    return { values: { shape, dtype: x.dtype }, index: { shape, dtype: "i32" } };
  },

  // dx[r, index[r, k]] = dvalues[r, k], else 0
  vjp({ index }, { dvalues }, _, sink) {
    return { x: scatterLast(dvalues!, index!, { width: sink.spec("x").shape.at(-1)! }) };
  },
});

/** The k largest of each row, descending; NaN before everything, ties by the lower index. x [… N] → values [… k], index i32 [… k]. */
export function topk(x: Tensor, k: number): { values: Tensor; index: Tensor } {
  return topkOp({ x }, { k });
}

/** Each row in descending order, with where its entries came from. x [… N] → values [… N], index i32 [… N]. */
export function sort(x: Tensor): { values: Tensor; index: Tensor } {
  return topk(x, rowsOf("sort", x.shape).width);
}
