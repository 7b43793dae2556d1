// Activations and their derivatives as functions of one number, for every kernel that applies them on the way.

import type { Activation } from "../ops/activations.ts";
import { normalCdf, sigmoid } from "./math.ts";

type Scalar = (x: number) => number;

const SCALE = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** √(2/π) (x + 0.044715 x³). */
const tanhArgument = (x: number): number => SCALE * x * (1 + CUBE * x * x);

/** act(x). */
export const activationFunctions: Readonly<Record<Activation, Scalar>> = {
  gelu: (x) => x * normalCdf(x),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(tanhArgument(x))),
  relu: (x) => Math.max(x, 0),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
};

/** act'(x). */
export const activationDerivatives: Readonly<Record<Activation, Scalar>> = {
  gelu: (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
  geluTanh(x) {
    const t = Math.tanh(tanhArgument(x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SCALE * (1 + 3 * CUBE * x * x);
  },
  relu: (x) => (x > 0 ? 1 : 0),
  silu(x) {
    const s = sigmoid(x);
    return s + x * s * (1 - s);
  },
  tanh(x) {
    const t = Math.tanh(x);
    return 1 - t * t;
  },
  sigmoid(x) {
    const s = sigmoid(x);
    return s * (1 - s);
  },
};
