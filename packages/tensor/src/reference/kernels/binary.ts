// Arithmetic, comparisons and choices with broadcasting.

import type { Kernel } from "../../backend.ts";
import { addOp } from "../../ops/binary.ts";
import { maskFillOp, whereOp } from "../../ops/where.ts";
import { walkRows } from "../broadcast.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

/** y = f(a, b). */
function combine(f: (a: number, b: number) => number): Kernel {
  return kernelOf(addOp, (inputs, outputs) => {
    const a = valuesOf(inputs.a);
    const b = valuesOf(inputs.b);
    const y = valuesOf(outputs.y);
    walkRows(outputs.y.shape, [inputs.a.shape, inputs.b.shape], (length, out, [atA, atB], [stepA, stepB]) => {
      for (let i = 0; i < length; i++) y[out + i] = f(a[atA + i * stepA], b[atB + i * stepB]);
    });
  });
}

export const binaryKernels: Readonly<Record<string, Kernel>> = {
  add: combine((a, b) => a + b),
  sub: combine((a, b) => a - b),
  mul: combine((a, b) => a * b),
  div: combine((a, b) => a / b),
  maximum: combine((a, b) => Math.max(a, b)),
  minimum: combine((a, b) => Math.min(a, b)),
  greater: combine((a, b) => (a > b ? 1 : 0)),
  less: combine((a, b) => (a < b ? 1 : 0)),
  equal: combine((a, b) => (a === b ? 1 : 0)),

  where: kernelOf(whereOp, (inputs, outputs) => {
    const condition = valuesOf(inputs.condition);
    const a = valuesOf(inputs.a);
    const b = valuesOf(inputs.b);
    const y = valuesOf(outputs.y);
    const shapes = [inputs.condition.shape, inputs.a.shape, inputs.b.shape];
    walkRows(outputs.y.shape, shapes, (length, out, [atC, atA, atB], [stepC, stepA, stepB]) => {
      for (let i = 0; i < length; i++) y[out + i] = condition[atC + i * stepC] !== 0 ? a[atA + i * stepA] : b[atB + i * stepB];
    });
  }),

  maskFill: kernelOf(maskFillOp, (inputs, outputs, { value }) => {
    const x = valuesOf(inputs.x);
    const mask = valuesOf(inputs.mask);
    const y = valuesOf(outputs.y);
    walkRows(outputs.y.shape, [inputs.mask.shape], (length, out, [at], [step]) => {
      for (let i = 0; i < length; i++) y[out + i] = mask[at + i * step] !== 0 ? value : x[out + i];
    });
  }),
};
