// Elementary functions of one tensor, element by element. Activations have their own file.

import { defineOp } from "../op.ts";
import { expectFloat } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { greater, less, mul, sub } from "./binary.ts";
import { cast } from "./cast.ts";
import { defineUnary } from "./define-unary.ts";
import { fill } from "./fill.ts";

// dx = −dy
export const negOp = defineUnary("neg", { gradient: (dy) => neg(dy), decompose: (x) => scale(x, -1) });

// dx = sign(x) · dy, 0 at 0
export const absOp = defineUnary("abs", { saves: "x", gradient: (dy, { x }) => mul(dy, sign(x)) });

// dx = 2 x · dy
export const squareOp = defineUnary("square", { saves: "x", gradient: (dy, { x }) => mul(dy, scale(x, 2)), decompose: (x) => mul(x, x) });

// dx = dy / (2 y)
export const sqrtOp = defineUnary("sqrt", { saves: "y", gradient: (dy, { y }) => mul(dy, reciprocal(scale(y, 2))) });

// dx = −y² · dy
export const reciprocalOp = defineUnary("reciprocal", { saves: "y", gradient: (dy, { y }) => neg(mul(dy, square(y))) });

// dx = y · dy
export const expOp = defineUnary("exp", { saves: "y", gradient: (dy, { y }) => mul(dy, y) });

// dx = dy / x
export const logOp = defineUnary("log", { saves: "x", gradient: (dy, { x }) => mul(dy, reciprocal(x)) });

// dx = 2/√π · e^(−x²) · dy
export const erfOp = defineUnary("erf", {
  saves: "x",
  gradient: (dy, { x }) => mul(dy, scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
});

export const affineOp = defineOp<{ x: Tensor }, { y: Tensor }, { scale: number; shift: number }>({
  name: "affine",

  infer({ x }) {
    expectFloat("affine", "x", x);
    return { y: { shape: x.shape, dtype: x.dtype } };
  },

  // dx = scale · dy
  vjp: (_, { dy }, attributes) => ({ x: scale(dy!, attributes.scale) }),
});

/** −x. */
export function neg(x: Tensor): Tensor {
  return negOp({ x }, {}).y;
}

/** |x|; its gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return absOp({ x }, {}).y;
}

/** x². */
export function square(x: Tensor): Tensor {
  return squareOp({ x }, {}).y;
}

/** √x; NaN below 0. */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp({ x }, {}).y;
}

/** 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  return reciprocalOp({ x }, {}).y;
}

/** e^x. */
export function exp(x: Tensor): Tensor {
  return expOp({ x }, {}).y;
}

/** Natural logarithm; NaN below 0. */
export function log(x: Tensor): Tensor {
  return logOp({ x }, {}).y;
}

/** Error function, 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: Tensor): Tensor {
  return erfOp({ x }, {}).y;
}

/** x · scale + shift, for numbers. */
export function affine(x: Tensor, attributes: { scale: number; shift: number }): Tensor {
  return affineOp({ x }, attributes).y;
}

/** x · factor, for a number; two tensors multiply with `mul`. */
export function scale(x: Tensor, factor: number): Tensor {
  return affine(x, { scale: factor, shift: 0 });
}

/** x + amount, for a number; two tensors add with `add`. */
export function addScalar(x: Tensor, amount: number): Tensor {
  return affine(x, { scale: 1, shift: amount });
}

/** −1, 0 or 1. */
function sign(x: Tensor): Tensor {
  const zero = fill(x.engine, [], 0, x.dtype);
  return sub(cast(greater(x, zero), x.dtype), cast(less(x, zero), x.dtype));
}
