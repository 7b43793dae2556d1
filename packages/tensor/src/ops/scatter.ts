// The adjoints of gathering: rows, or entries of each row, added where i32 indices point, in ascending order.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, resolveAxis, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gather, gatherLast } from "./gather.ts";

export const scatterAddOp = defineOp<{ x: Tensor; index: Tensor }, { y: Tensor }, { rows: number }>({
  name: "scatterAdd",
  saves: { inputs: ["index"] },

  infer({ x, index }, { rows }) {
    expectFloat("scatterAdd", "x", x);
    resolveAxis("scatterAdd", x.shape, 0);
    expectType("scatterAdd", "index", index, "i32");
    expectShape("scatterAdd", "index", index, [x.shape[0]]);
    return { y: { shape: x.shape.with(0, rows), dtype: x.dtype } };
  },

  // dx[m] = dy[index[m]]
  vjp: ({ index }, { dy }) => ({ x: gather(dy!, index!) }),
});

export const scatterLastOp = defineOp<{ x: Tensor; index: Tensor }, { y: Tensor }, { width: number }>({
  name: "scatterLast",
  saves: { inputs: ["index"] },

  infer({ x, index }, { width }) {
    expectFloat("scatterLast", "x", x);
    rowsOf("scatterLast", x.shape);
    expectType("scatterLast", "index", index, "i32");
    expectShape("scatterLast", "index", index, x.shape);
    return { y: { shape: x.shape.with(-1, width), dtype: x.dtype } };
  },

  // dx[r, k] = dy[r, index[r, k]]
  vjp: ({ index }, { dy }) => ({ x: gatherLast(dy!, index!) }),
});

/** Row index[m] of the result is the sum of the rows x[m] that point to it. x [M …] · index i32 [M] → [rows …]. */
export function scatterAdd(x: Tensor, index: Tensor, { rows }: { rows: number }): Tensor {
  return scatterAddOp({ x, index }, { rows }).y;
}

/** The same within each row. x [… K] · index i32 [… K] → [… width]. */
export function scatterLast(x: Tensor, index: Tensor, { width }: { width: number }): Tensor {
  return scatterLastOp({ x, index }, { width }).y;
}
