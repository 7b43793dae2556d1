// Gated activations as plain loops.

import type { Kernel } from "../../backend.ts";
import { gatedGradOp, gatedOp } from "../../ops/gated.ts";
import { activationDerivatives, activationFunctions } from "../activation-functions.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const gatedKernels: Readonly<Record<string, Kernel>> = {
  gated: kernelOf(gatedOp, ({ x }, { y }, { activation, activated }) => {
    const width = y.shape.at(-1)!;
    const [values, result] = [valuesOf(x), valuesOf(y)];
    const [innerAt, gateAt] = activated === "first" ? [0, width] : [width, 0];
    const act = activationFunctions[activation];
    for (let i = 0; i < result.length; i++) {
      const from = i + width * Math.floor(i / width); // row · 2C + column
      result[i] = act(values[from + innerAt]) * values[from + gateAt];
    }
  }),

  gatedGrad: kernelOf(gatedGradOp, ({ x, dy }, { dx }, { activation, activated }) => {
    const width = dy.shape.at(-1)!;
    const [values, dys, result] = [valuesOf(x), valuesOf(dy), valuesOf(dx)];
    const [innerAt, gateAt] = activated === "first" ? [0, width] : [width, 0];
    const act = activationFunctions[activation];
    const derivative = activationDerivatives[activation];
    for (let i = 0; i < dys.length; i++) {
      const from = i + width * Math.floor(i / width);
      const inner = values[from + innerAt];
      result[from + innerAt] = dys[i] * values[from + gateAt] * derivative(inner);
      result[from + gateAt] = dys[i] * act(inner);
    }
  }),
};
