// Choice by a mask, element by element.

import { defineOp } from "../op.ts";
import { broadcastShapes, expectFloat, expectType, sameShape, shapeError, shapeText } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fill } from "./fill.ts";
import { sumTo } from "./reduce.ts";

export const whereOp = defineOp<{ condition: Tensor; a: Tensor; b: Tensor }, { y: Tensor }, object>({
  name: "where",
  saves: { inputs: ["condition"] },

  infer({ condition, a, b }) {
    expectType("where", "condition", condition, "u8");
    expectFloat("where", "a", a);
    expectType("where", "b", b, a.dtype);
    return { y: { shape: broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape)), dtype: a.dtype } };
  },

  // da = dy where the condition holds, db = dy elsewhere, each summed to its shape
  vjp({ condition }, { dy }, _, sink) {
    const zero = fill(dy!.engine, [], 0, dy!.dtype);
    return {
      ...(sink.needs("a") && { a: sumTo(where(condition!, dy!, zero), sink.spec("a").shape) }),
      ...(sink.needs("b") && { b: sumTo(where(condition!, zero, dy!), sink.spec("b").shape) }),
    };
  },
});

export const maskFillOp = defineOp<{ x: Tensor; mask: Tensor }, { y: Tensor }, { value: number }>({
  name: "maskFill",
  saves: { inputs: ["mask"] },

  infer({ x, mask }) {
    expectFloat("maskFill", "x", x);
    expectType("maskFill", "mask", mask, "u8");
    if (!sameShape(broadcastShapes("maskFill", mask.shape, x.shape), x.shape)) {
      throw shapeError("maskFill", `a mask that broadcasts to x ${shapeText(x.shape)}`, shapeText(mask.shape));
    }
    return { y: { shape: x.shape, dtype: x.dtype } };
  },

  // dx = dy where x was kept, else 0
  vjp: ({ mask }, { dy }) => ({ x: whereMasked(dy!, mask, 0) }),
  decompose: ({ x, mask }, { value }) => ({ y: where(mask, fill(x.engine, [], value, x.dtype), x) }),
});

/** a where the u8 condition is not 0, else b; all three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return whereOp({ condition, a, b }, {}).y;
}

/** `value` where the u8 mask is not 0, else x; x itself without a mask. */
export function whereMasked(x: Tensor, mask: Tensor | undefined, value: number): Tensor {
  return mask ? maskFillOp({ x, mask }, { value }).y : x;
}
