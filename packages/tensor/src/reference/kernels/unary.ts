// Elementwise functions of one tensor.

import type { Kernel } from "../../backend.ts";
import { activationGradOp, geluOp } from "../../ops/activations.ts";
import { castOp } from "../../ops/cast.ts";
import { affineOp } from "../../ops/unary.ts";
import { activationDerivatives, activationFunctions } from "../activation-functions.ts";
import { kernelOf } from "../kernel-of.ts";
import { erf, softplus } from "../math.ts";
import { valuesOf } from "../memory.ts";

/** y = f(x). */
function map(f: (x: number) => number): Kernel {
  return kernelOf(geluOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    for (let i = 0; i < y.length; i++) y[i] = f(x[i]);
  });
}

export const unaryKernels: Readonly<Record<string, Kernel>> = {
  neg: map((x) => -x),
  abs: map(Math.abs),
  square: map((x) => x * x),
  sqrt: map(Math.sqrt),
  reciprocal: map((x) => 1 / x),
  exp: map(Math.exp),
  log: map(Math.log),
  erf: map(erf),
  softplus: map(softplus),
  logSigmoid: map((x) => -softplus(-x)),
  log1pRelu: map((x) => Math.log1p(Math.max(x, 0))),
  ...Object.fromEntries(Object.entries(activationFunctions).map(([name, f]) => [name, map(f)])),

  affine: kernelOf(affineOp, (inputs, outputs, { scale, shift }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    for (let i = 0; i < y.length; i++) y[i] = x[i] * scale + shift;
  }),

  activationGrad: kernelOf(activationGradOp, (inputs, outputs, { activation }) => {
    const derivative = activationDerivatives[activation];
    const x = valuesOf(inputs.x);
    const dy = valuesOf(inputs.dy);
    const dx = valuesOf(outputs.dx);
    for (let i = 0; i < dx.length; i++) dx[i] = derivative(x[i]) * dy[i];
  }),

  cast: kernelOf(castOp, ({ x }, { y }) => {
    const isMask = y.dtype === "u8" && x.dtype !== "u8";
    valuesOf(y).set(isMask ? Uint8Array.from(valuesOf(x), (value) => Number(value !== 0)) : valuesOf(x));
  }),
};
