// Sums, extremes and running sums. Sums accumulate in double.

import type { Kernel } from "../../backend.ts";
import { cumsumOp, maxOp, meanOp, sumOp } from "../../ops/reduce.ts";
import { sizeOf } from "../../shape.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

/** An array seen as [outer length inner] around the reduced axis; everything is one axis without one. */
function around(shape: Shape, axis: number | undefined): { outer: number; length: number; inner: number } {
  if (axis === undefined) return { outer: 1, length: sizeOf(shape), inner: 1 };
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

/** y = Σ x / divisor along the axis. */
function sumInto(x: Tensor, y: Tensor, axis: number | undefined, divisor: number): void {
  const { outer, length, inner } = around(x.shape, axis);
  const values = valuesOf(x);
  const results = valuesOf(y);
  const totals = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    totals.fill(0);
    for (let n = 0; n < length; n++) {
      const at = (o * length + n) * inner;
      for (let i = 0; i < inner; i++) totals[i] += values[at + i];
    }
    for (let i = 0; i < inner; i++) results[o * inner + i] = totals[i] / divisor;
  }
}

export const reduceKernels: Readonly<Record<string, Kernel>> = {
  sum: kernelOf(sumOp, ({ x }, { y }, { axis }) => sumInto(x, y, axis, 1)),
  mean: kernelOf(meanOp, ({ x }, { y }, { axis }) => sumInto(x, y, axis, around(x.shape, axis).length)),

  max: kernelOf(maxOp, (inputs, outputs, { axis }) => {
    const { outer, length, inner } = around(inputs.x.shape, axis);
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(outputs.index);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const best = firstMaximum(x, o * length * inner + i, length, inner);
        y[o * inner + i] = x[(o * length + best) * inner + i];
        index[o * inner + i] = best;
      }
    }
  }),

  cumsum: kernelOf(cumsumOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const width = inputs.x.shape.at(-1)!;
    for (let start = 0; start < x.length; start += width) {
      let total = 0;
      for (let i = start; i < start + width; i++) {
        total += x[i];
        y[i] = total;
      }
    }
  }),
};

/** Position of the first largest of `length` elements `step` apart; the first NaN, if there is one. */
export function firstMaximum(x: ArrayLike<number>, start: number, length: number, step: number): number {
  let best = 0;
  let largest = x[start];
  for (let n = 1; n < length && !Number.isNaN(largest); n++) {
    const value = x[start + n * step];
    if (value > largest || Number.isNaN(value)) {
      best = n;
      largest = value;
    }
  }
  return best;
}
