// Rotary position embedding as a plain loop.

import type { Kernel } from "../../backend.ts";
import { rotaryOp } from "../../ops/rotary.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const rotaryKernels: Readonly<Record<string, Kernel>> = {
  rotary: kernelOf(rotaryOp, ({ x, positions, frequencies }, { y }, { heads, headDim, scale, inverse }) => {
    const [tokens, width] = x.shape;
    const [places, speeds, values, result] = [valuesOf(positions), valuesOf(frequencies), valuesOf(x), valuesOf(y)];
    const half = headDim / 2;
    result.set(values);
    for (let t = 0; t < tokens; t++) {
      for (let i = 0; i < half; i++) {
        const angle = frequencies.dtype === "f64" ? places[t] * speeds[i] : Math.fround(places[t] * speeds[i]);
        const cos = Math.cos(angle) * scale;
        const sin = Math.sin(inverse ? -angle : angle) * scale;
        for (let head = 0; head < heads; head++) {
          const at = t * width + head * headDim + i;
          result[at] = values[at] * cos - values[at + half] * sin;
          result[at + half] = values[at + half] * cos + values[at] * sin;
        }
      }
    }
  }),
};
