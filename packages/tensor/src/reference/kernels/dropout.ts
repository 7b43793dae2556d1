// Dropout with the counter-based mask.

import type { Kernel } from "../../backend.ts";
import { dropoutOp } from "../../ops/dropout.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";
import { maskRow } from "../random-mask.ts";

export const dropoutKernels: Readonly<Record<string, Kernel>> = {
  dropout: kernelOf(dropoutOp, (inputs, outputs, { random }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const width = inputs.x.shape.at(-1)!;
    for (let start = 0, row = 0; start < x.length; start += width, row++) {
      const multipliers = maskRow(random, row, width);
      for (let c = 0; c < width; c++) y[start + c] = x[start + c] * multipliers[c];
    }
  }),
};
