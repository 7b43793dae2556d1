// Constants and in-place sums in plain TypeScript.

import type { Kernel } from "../../backend.ts";
import { addIntoOp, fillIntoOp } from "../../ops/add-into.ts";
import { fillOp } from "../../ops/fill.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const memoryKernels: Readonly<Record<string, Kernel>> = {
  addInto: kernelOf(addIntoOp, ({ destination, x }, _, { accumulate }) => {
    const sums = valuesOf(destination);
    const added = valuesOf(x);
    if (!accumulate) sums.set(added);
    else for (let i = 0; i < sums.length; i++) sums[i] += added[i];
  }),

  fillInto: kernelOf(fillIntoOp, ({ destination }, _, { value }) => {
    valuesOf(destination).fill(value);
  }),

  fill: kernelOf(fillOp, (_, { y }, { value }) => {
    valuesOf(y).fill(value);
  }),
};
