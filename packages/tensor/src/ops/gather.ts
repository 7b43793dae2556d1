// Picking rows, or entries of each row, by i32 indices. An index out of range is an error of the kernel, since its values live on the device.

import { defineOp } from "../op.ts";
import { expectShape, expectType, resolveAxis, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { scatterAdd, scatterLast } from "./scatter.ts";

export const gatherOp = defineOp<{ x: Tensor; index: Tensor }, { y: Tensor }, object>({
  name: "gather",
  saves: { inputs: ["index"] },

  infer({ x, index }) {
    resolveAxis("gather", x.shape, 0);
    expectType("gather", "index", index, "i32");
    expectShape("gather", "index", index, ["M"]);
    return { y: { shape: x.shape.with(0, index.shape[0]), dtype: x.dtype } };
  },

  // dx[n] = Σ_{m: index[m] = n} dy[m]
  vjp: ({ index }, { dy }, _, sink) => ({ x: scatterAdd(dy!, index!, { rows: sink.spec("x").shape[0] }) }),
});

export const gatherLastOp = defineOp<{ x: Tensor; index: Tensor }, { y: Tensor }, object>({
  name: "gatherLast",
  saves: { inputs: ["index"] },

  infer({ x, index }) {
    rowsOf("gatherLast", x.shape);
    expectType("gatherLast", "index", index, "i32");
    expectShape("gatherLast", "index", index, [...x.shape.slice(0, -1), "K"]);
    return { y: { shape: index.shape, dtype: x.dtype } };
  },

  // dx[r, n] = Σ_{k: index[r, k] = n} dy[r, k]
  vjp({ index }, { dy }, _, sink) {
    return { x: scatterLast(dy!, index!, { width: sink.spec("x").shape.at(-1)! }) };
  },
});

/** Rows of x by number. x [N …] · index i32 [M] → [M …]. */
export function gather(x: Tensor, index: Tensor): Tensor {
  return gatherOp({ x, index }, {}).y;
}

/** Entries of each row by number. x [… N] · index i32 [… K] → [… K]. */
export function gatherLast(x: Tensor, index: Tensor): Tensor {
  return gatherLastOp({ x, index }, {}).y;
}
