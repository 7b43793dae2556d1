// Inference or training: what dropout needs to know. Masks are a function of (seed, step, module path, row of the whole batch, column).

import { hash32 } from "@attune/core";
import type { RandomMask } from "@attune/tensor";

/** What the dropout masks of a forward pass are drawn from. */
export interface Training {
  /** Of the whole training. */
  readonly seed: number;
  /** Optimiser step. */
  readonly step: number;
  /** First token of this (micro-)batch in the whole batch. */
  readonly row: number;
}

/** The mask of one dropout site, or undefined where nothing is dropped. */
export function maskOf(training: Training | undefined, path: string, p: number): RandomMask | undefined {
  if (!training || p === 0) return undefined;
  return { p, seed: training.seed, step: training.step, site: hash32(path), row: training.row };
}
