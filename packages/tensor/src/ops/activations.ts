// Activations, element by element. The six that a model puts between layers share one gradient op, so that `linear` can fuse it.

import { AttuneError } from "@attune/core";
import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, greater, maximum, mul, sub } from "./binary.ts";
import { cast } from "./cast.ts";
import { defineUnary } from "./define-unary.ts";
import type { UnaryOp } from "./define-unary.ts";
import { fill } from "./fill.ts";
import { abs, addScalar, affine, erf, exp, log, neg, scale, square } from "./unary.ts";

/** What a layer can apply between its products. `gelu` is the exact one (erf), `geluTanh` the approximation. */
export type Activation = "gelu" | "geluTanh" | "relu" | "silu" | "tanh" | "sigmoid";

/** √(2/π) and the cubic term of the tanh approximation of GELU. */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBE = 0.044715;

/** An activation whose gradient is `activationGrad`. */
function defineActivation(activation: Activation, decompose?: (x: Tensor) => Tensor): UnaryOp {
  return defineUnary(activation, { saves: "x", gradient: (dy, { x }) => activationGrad(x, dy, activation), decompose });
}

export const tanhOp = defineActivation("tanh");
export const sigmoidOp = defineActivation("sigmoid", (x) => affine(tanh(scale(x, 0.5)), { scale: 0.5, shift: 0.5 }));
export const reluOp = defineActivation("relu", (x) => maximum(x, zero(x)));
export const geluOp = defineActivation("gelu", (x) => mul(x, normalCdf(x)));
export const geluTanhOp = defineActivation("geluTanh", (x) => mul(x, affine(tanh(tanhArgument(x)), { scale: 0.5, shift: 0.5 })));
export const siluOp = defineActivation("silu", (x) => mul(x, sigmoid(x)));

// dx = sigmoid(x) · dy
export const softplusOp = defineUnary("softplus", {
  saves: "x",
  gradient: (dy, { x }) => mul(dy, sigmoid(x)),
  decompose: (x) => add(maximum(x, zero(x)), log(addScalar(exp(neg(abs(x))), 1))),
});

// dx = sigmoid(−x) · dy
export const logSigmoidOp = defineUnary("logSigmoid", {
  saves: "x",
  gradient: (dy, { x }) => mul(dy, sigmoid(neg(x))),
  decompose: (x) => neg(softplus(neg(x))),
});

// dx = dy / (1 + x) where x > 0, else 0; 1 + x = e^y
export const log1pReluOp = defineUnary("log1pRelu", {
  saves: "y",
  gradient: (dy, { y }) => mul(mul(dy, exp(neg(y))), positive(y)),
  decompose: (x) => log(addScalar(relu(x), 1)),
});

export const activationGradOp = defineOp<{ x: Tensor; dy: Tensor }, { dx: Tensor }, { activation: Activation }>({
  name: "activationGrad",

  infer({ x, dy }) {
    expectFloat("activationGrad", "x", x);
    expectShape("activationGrad", "dy", dy, x.shape);
    expectType("activationGrad", "dy", dy, x.dtype);
    return { dx: { shape: x.shape, dtype: x.dtype } };
  },

  decompose: ({ x, dy }, { activation }) => ({ dx: mul(dy, derivative(activation, x)) }),
});

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return tanhOp({ x }, {}).y;
}

/** 1 / (1 + e^−x). */
export function sigmoid(x: Tensor): Tensor {
  return sigmoidOp({ x }, {}).y;
}

/** max(x, 0); NaN stays. */
export function relu(x: Tensor): Tensor {
  return reluOp({ x }, {}).y;
}

/** x · Φ(x), with the exact normal distribution function. */
export function gelu(x: Tensor): Tensor {
  return geluOp({ x }, {}).y;
}

/** x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), the approximation of GPT-2 and `gelu_new`. */
export function geluTanh(x: Tensor): Tensor {
  return geluTanhOp({ x }, {}).y;
}

/** x · sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return siluOp({ x }, {}).y;
}

/** log(1 + e^x), exact for every x (PyTorch's turns linear above 20). */
export function softplus(x: Tensor): Tensor {
  return softplusOp({ x }, {}).y;
}

/** log(sigmoid(x)). */
export function logSigmoid(x: Tensor): Tensor {
  return logSigmoidOp({ x }, {}).y;
}

/** log(1 + max(x, 0)), the saturation of sparse encoders. */
export function log1pRelu(x: Tensor): Tensor {
  return log1pReluOp({ x }, {}).y;
}

/** act(x), by name. */
export function activate(x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case "gelu":
      return gelu(x);
    case "geluTanh":
      return geluTanh(x);
    case "relu":
      return relu(x);
    case "silu":
      return silu(x);
    case "tanh":
      return tanh(x);
    case "sigmoid":
      return sigmoid(x);
    default:
      throw unknownActivation(activation);
  }
}

/** act'(x) · dy, from the pre-activation x. */
export function activationGrad(x: Tensor, dy: Tensor, activation: Activation): Tensor {
  return activationGradOp({ x, dy }, { activation }).dx;
}

/** act'(x). */
function derivative(activation: Activation, x: Tensor): Tensor {
  switch (activation) {
    case "relu":
      return positive(x);
    case "sigmoid":
      return steepness(sigmoid(x)); // s (1 − s)
    case "tanh":
      return affine(square(tanh(x)), { scale: -1, shift: 1 }); // 1 − tanh²
    case "silu":
      return add(sigmoid(x), mul(x, steepness(sigmoid(x)))); // s + x s (1 − s)
    case "gelu":
      return add(normalCdf(x), mul(x, scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)))); // Φ + x φ
    case "geluTanh": {
      // (1 + t)/2 + x/2 · (1 − t²) · √(2/π) (1 + 3 · 0.044715 x²)
      const t = tanh(tanhArgument(x));
      const inner = affine(square(x), { scale: 3 * TANH_CUBE * TANH_SCALE, shift: TANH_SCALE });
      const slope = mul(affine(square(t), { scale: -0.5, shift: 0.5 }), inner);
      return add(affine(t, { scale: 0.5, shift: 0.5 }), mul(x, slope));
    }
    default:
      throw unknownActivation(activation);
  }
}

const unknownActivation = (activation: never): AttuneError =>
  new AttuneError({ code: "E_ACTIVATION", expected: "gelu, geluTanh, relu, silu, tanh or sigmoid", got: String(activation) });

const zero = (x: Tensor): Tensor => fill(x.engine, [], 0, x.dtype);

/** 1 where x > 0, else 0. */
const positive = (x: Tensor): Tensor => cast(greater(x, zero(x)), x.dtype);

/** s − s², the derivative of the sigmoid from its value. */
const steepness = (s: Tensor): Tensor => sub(s, square(s));

/** Φ(x) = (1 + erf(x/√2)) / 2. */
const normalCdf = (x: Tensor): Tensor => affine(erf(scale(x, Math.SQRT1_2)), { scale: 0.5, shift: 0.5 });

/** √(2/π) (x + 0.044715 x³). */
const tanhArgument = (x: Tensor): Tensor => mul(x, affine(square(x), { scale: TANH_CUBE * TANH_SCALE, shift: TANH_SCALE }));
