// Dropout masks as every op and every backend draws them: a pure function of where an element is, never of what was drawn before. So
// recomputation, micro-batches and ranks see one mask.

import { AttuneError } from "@attune/core";

/** Which elements are dropped: element (row, column) reads 16 bits of Philox at counter [step, site, row, column / 8] under the key `seed`. */
export interface RandomMask {
  /** Share that is dropped, 0 ≤ p < 1, in steps of 1/65536. */
  readonly p: number;
  /** Non-negative integer below 2^53. */
  readonly seed: number;
  /** Optimiser step, u32. */
  readonly step: number;
  /** Hash of the place in the module tree, u32. */
  readonly site: number;
  /** Row of the whole batch at which this (micro-)batch begins, u32. */
  readonly row: number;
}

/** E_ATTRIBUTE unless p and the counters are in range; no mask is in range. */
export function expectRandom(op: string, random: RandomMask | undefined): void {
  if (!random) return;
  const { p, seed, step, site, row } = random;
  if (!(p >= 0 && p < 1)) throw new AttuneError({ code: "E_ATTRIBUTE", place: `${op} random.p`, expected: "0 ≤ p < 1", got: String(p) });
  for (const [name, value] of Object.entries({ seed, step, site, row })) {
    if (Number.isSafeInteger(value) && value >= 0 && (name === "seed" || value < 2 ** 32)) continue;
    throw new AttuneError({
      code: "E_ATTRIBUTE",
      place: `${op} random.${name}`,
      expected: `an integer from 0, below 2^${name === "seed" ? 53 : 32}`,
      got: String(value),
    });
  }
}
