// The dropout mask in plain TypeScript: the specification that native kernels repeat bit for bit.

import { keyOf, philox } from "@attune/core";
import type { RandomMask } from "../ops/random-mask.ts";

/** How many of the 65536 values of a 16-bit draw mean "dropped". */
const threshold = (p: number): number => Math.round(65536 * p);

/** What kept values are multiplied by: the exact inverse of the share that is kept. */
export function keepScale(p: number): number {
  return 65536 / (65536 - threshold(p));
}

/**
 * Multipliers of one row, 0 or `keepScale(p)`, for columns 0 … width-1; `row` counts from the first row of this batch. Without a mask, ones.
 * A value times its multiplier is what dropout gives, so NaN propagates.
 */
export function maskRow(random: RandomMask | undefined, row: number, width: number): Float64Array {
  const multipliers = new Float64Array(width);
  if (!random || threshold(random.p) === 0) return multipliers.fill(1);
  const key = keyOf(random.seed);
  const dropped = threshold(random.p);
  const scale = keepScale(random.p);
  for (let start = 0; start < width; start += 8) {
    const words = philox([random.step, random.site, (random.row + row) >>> 0, start >>> 3], key);
    for (let i = 0; i < 8 && start + i < width; i++) {
      const draw = (words[i >>> 1] >>> (16 * (i & 1))) & 0xffff;
      if (draw >= dropped) multipliers[start + i] = scale;
    }
  }
  return multipliers;
}

/** The mask of one attention head: each head draws at a site of its own. */
export function headMask(random: RandomMask | undefined, head: number): RandomMask | undefined {
  return random && { ...random, site: (random.site + Math.imul(head, 0x9e3779b9)) >>> 0 };
}
