// Conversion between element types. Numbers become integers towards zero, and a mask in u8 is 1 where they are not zero (NaN is not).

import { isFloat } from "../dtype.ts";
import type { DType } from "../dtype.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

export const castOp = defineOp<{ x: Tensor }, { y: Tensor }, { dtype: DType }>({
  name: "cast",
  roundsItself: true,
  infer: ({ x }, { dtype }) => ({ y: { shape: x.shape, dtype } }),

  // dx = dy, in x's type; nothing flows through integers
  vjp(_, { dy }, __, sink) {
    const { dtype } = sink.spec("x");
    return isFloat(dtype) && dy ? { x: cast(dy, dtype) } : {};
  },
});

/** x in another element type, rounded as a typed array would, but for u8: 1 where x is not zero. x itself when it already has the type. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : castOp({ x }, { dtype }).y;
}

/** x in the type that is computed in: bf16 and f16 become f32, without loss. */
export function widened(x: Tensor): Tensor {
  return x.dtype === "bf16" || x.dtype === "f16" ? cast(x, "f32") : x;
}

/** x as wide as it was, its values rounded to those of a narrower type: what a product in that type reads. */
export function roundedTo(x: Tensor, dtype: DType): Tensor {
  return x.dtype === "f32" && dtype === "bf16" ? cast(cast(x, dtype), "f32") : x;
}

/** The same values in memory of their own. */
export function copy(x: Tensor): Tensor {
  return castOp({ x }, { dtype: x.dtype }).y;
}
