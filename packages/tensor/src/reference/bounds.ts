// Where each text of a packed batch begins and ends: values that only the device knows, so the kernel looks whether they can be.

import { AttuneError } from "@attune/core";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { valuesOf } from "./memory.ts";

/** Offsets i32 [B+1]; E_INDEX unless they ascend, from 0 to at most `rows`. */
export function boundsOf(op: string, offsets: Tensor, rows: number): TypedArray {
  const bounds = valuesOf(offsets);
  for (let i = 0; i < bounds.length; i++) {
    const least = i === 0 ? 0 : bounds[i - 1];
    if (bounds[i] >= least && bounds[i] <= rows) continue;
    throw new AttuneError({ code: "E_INDEX", place: `${op} offsets[${i}]`, expected: `${least} to ${rows}`, got: String(bounds[i]) });
  }
  return bounds;
}
