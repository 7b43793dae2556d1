// The optimiser's ops as plain loops in double; state is rounded to its type when stored.

import type { Kernel } from "../../backend.ts";
import { adamwOp, sumOfSquaresOp, updateControlOp } from "../../ops/optimizer.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

/** Elements of one partial sum. */
const BLOCK = 65536;

export const optimizerKernels: Readonly<Record<string, Kernel>> = {
  sumOfSquares: kernelOf(sumOfSquaresOp, ({ xs }, { y }) => {
    let total = 0;
    for (const x of xs) {
      const values = valuesOf(x);
      for (let start = 0; start < values.length; start += BLOCK) {
        let partial = 0;
        for (const value of values.subarray(start, start + BLOCK)) partial += value * value;
        total += partial;
      }
    }
    valuesOf(y)[0] = total;
  }),

  updateControl: kernelOf(updateControlOp, ({ squares, applied }, { control }, { maxNorm, gradientScale }) => {
    const norm = gradientScale * Math.sqrt(valuesOf(squares)[0]);
    const finite = Number.isFinite(norm) ? 1 : 0;
    const clip = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
    const steps = valuesOf(applied);
    steps[0] += finite;
    valuesOf(control).set([norm, gradientScale * clip, finite, steps[0]]);
  }),

  adamw: kernelOf(adamwOp, ({ parameter, gradient, m, v, control }, _, { learningRate, beta1, beta2, eps, weightDecay }) => {
    const [, factor, finite, steps] = valuesOf(control);
    if (finite === 0) return;
    const [values, gradients, means, squares] = [valuesOf(parameter), valuesOf(gradient), valuesOf(m), valuesOf(v)];
    const stepSize = learningRate / (1 - beta1 ** steps);
    const rootCorrection = Math.sqrt(1 - beta2 ** steps);
    for (let i = 0; i < values.length; i++) {
      const g = gradients[i] * factor;
      const mean = beta1 * means[i] + (1 - beta1) * g;
      const square = beta2 * squares[i] + (1 - beta2) * g * g;
      means[i] = mean;
      squares[i] = square;
      values[i] = values[i] * (1 - learningRate * weightDecay) - (stepSize * mean) / (Math.sqrt(square) / rootCorrection + eps);
    }
  }),
};
