// Rotary position embedding, half split: column pair (i, i + d/2) of each head turns by position · frequency[i].
// The angle is rounded to the frequencies' type before its sine and cosine are taken: so the tables equal those that models were trained with.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, shapeError, shapeText } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

type Inputs = { x: Tensor; positions: Tensor; frequencies: Tensor };

export interface RotaryAttributes {
  /** Blocks of columns that turn, from the left: query heads, then key heads. The other columns are copied. */
  readonly heads: number;
  readonly headDim: number;
  /** Attention factor that multiplies the turned columns. */
  readonly scale: number;
  /** Turns back: the adjoint. */
  readonly inverse: boolean;
}

export const rotaryOp = defineOp<Inputs, { y: Tensor }, RotaryAttributes>({
  name: "rotary",
  saves: { inputs: ["positions", "frequencies"] },

  infer({ x, positions, frequencies }, { heads, headDim }) {
    expectShape("rotary", "x", x, ["T", "W"]);
    expectFloat("rotary", "x", x);
    expectType("rotary", "positions", positions, "i32");
    expectShape("rotary", "positions", positions, [x.shape[0]]);
    expectFloat("rotary", "frequencies", frequencies);
    if (headDim % 2 !== 0) throw shapeError("rotary", "an even headDim", String(headDim));
    expectShape("rotary", "frequencies", frequencies, [headDim / 2]);
    if (heads * headDim > x.shape[1]) throw shapeError("rotary", `x with at least ${heads} × ${headDim} columns`, shapeText(x.shape));
    return { y: { shape: x.shape, dtype: x.dtype } };
  },

  // a rotation's adjoint is the rotation back, with the same factor
  vjp: ({ positions, frequencies }, { dy }, attributes) => ({
    x: turn({ x: dy!, positions: positions!, frequencies: frequencies! }, { ...attributes, inverse: !attributes.inverse }),
  }),
});

function turn(inputs: Inputs, attributes: RotaryAttributes): Tensor {
  return rotaryOp(inputs, attributes).y;
}

export interface RotaryOptions {
  /** i32 [T], within each text. */
  readonly positions: Tensor;
  /** [headDim/2] */
  readonly frequencies: Tensor;
  readonly heads: number;
  readonly headDim: number;
  readonly scale?: number;
}

/** x [T W] with its first `heads` blocks of `headDim` columns turned by position, times `scale`; the rest as it is. */
export function rotary(x: Tensor, { positions, frequencies, heads, headDim, scale = 1 }: RotaryOptions): Tensor {
  return turn({ x, positions, frequencies }, { heads, headDim, scale, inverse: false });
}
