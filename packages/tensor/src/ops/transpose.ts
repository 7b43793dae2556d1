// Axes in another order. Matrix products take transposed operands as attributes, so this copy is rarely needed.

import { defineOp } from "../op.ts";
import { expectAxes, shapeError, shapeText } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const transposeOp = defineOp<{ x: Tensor }, { y: Tensor }, { permutation: readonly number[] }>({
  name: "transpose",

  infer({ x }, { permutation }) {
    const rank = x.shape.length;
    const complete = permutation.length === rank && x.shape.every((_, axis) => permutation.includes(axis));
    expectAxes("transpose", x.shape);
    if (!complete) throw shapeError("transpose", `each axis of x ${shapeText(x.shape)} once`, shapeText(permutation));
    return { y: { shape: permutation.map((axis) => x.shape[axis]), dtype: x.dtype } };
  },

  // dx = dy with the inverse permutation
  vjp: (_, { dy }, { permutation }) => ({
    x: transpose(
      dy!,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  }),
});

/** Axis i of the result is axis `permutation[i]` of x; by default the last two change places. */
export function transpose(x: Tensor, permutation: readonly number[] = swapLast(x.shape.length)): Tensor {
  return transposeOp({ x }, { permutation }).y;
}

function swapLast(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}
