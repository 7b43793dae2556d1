// The same elements in another shape: a view, never a copy, since tensors are always contiguous.

import { defineOp } from "../op.ts";
import { isLength, sameShape, shapeError, shapeText, sizeOf } from "../shape.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const reshapeOp = defineOp<{ x: Tensor }, { y: Tensor }, { shape: Shape }>({
  name: "reshape",

  infer({ x }, { shape }) {
    if (!shape.every(isLength) || sizeOf(shape) !== x.size)
      throw shapeError("reshape", `${x.size} elements, as x ${shapeText(x.shape)} has`, shapeText(shape));
    return { y: { shape, dtype: x.dtype } };
  },

  view: () => 0,

  // dx = dy in x's shape
  vjp: (_, { dy }, __, sink) => ({ x: reshape(dy!, sink.spec("x").shape) }),
});

/** x in another shape of as many elements, sharing its memory. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : reshapeOp({ x }, { shape }).y;
}
