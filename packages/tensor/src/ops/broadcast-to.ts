// Repetition along axes of length 1 and along new leading axes.

import { defineOp } from "../op.ts";
import { broadcastShapes, sameShape, shapeError, shapeText } from "../shape.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";

export const broadcastToOp = defineOp<{ x: Tensor }, { y: Tensor }, { shape: Shape }>({
  name: "broadcastTo",

  infer({ x }, { shape }) {
    if (!sameShape(broadcastShapes("broadcastTo", x.shape, shape), shape)) {
      throw shapeError("broadcastTo", `a shape that x ${shapeText(x.shape)} broadcasts to`, shapeText(shape));
    }
    return { y: { shape, dtype: x.dtype } };
  },

  // dx = dy, summed over the repetitions
  vjp: (_, { dy }, __, sink) => ({ x: sumTo(dy!, sink.spec("x").shape) }),
});

/** x repeated to `shape` under NumPy's broadcasting rules. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : broadcastToOp({ x }, { shape }).y;
}
