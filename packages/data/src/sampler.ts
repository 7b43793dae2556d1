// The kind "sampler": which examples meet in a batch, and in which order. A sampler is a pure function, so a resumed run needs no state of it.

import type { Example } from "./examples.ts";

declare module "@attune/core" {
  interface PluginKinds {
    sampler: Sampler;
  }
  interface PluginOptions {
    sampler: SamplerOptions;
  }
}

/** Sampler name -> its options, as a user writes them; other packages may add theirs. */
export interface SamplerOptions {
  random: Record<string, never>;
  "no-duplicates": Record<string, never>;
}

export interface SamplingOptions {
  readonly batchSize: number;
  /** Leaves out batches that are not full. */
  readonly dropLast: boolean;
  readonly seed: number;
  readonly epoch: number;
}

export interface Sampler {
  readonly name: string;
  /** The batches of an epoch, as indices into `examples`; the same arguments give the same batches. */
  batches(examples: readonly Example[], options: SamplingOptions): number[][];
  /** How many batches that will be. */
  count(examples: readonly Example[], options: SamplingOptions): number;
}

/** Consecutive batches of an order; the last one is shorter, or left out. */
export function cutBatches(order: readonly number[], batchSize: number, dropLast: boolean): number[][] {
  const batches = Array.from({ length: Math.ceil(order.length / batchSize) }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
  return dropLast ? batches.filter((batch) => batch.length === batchSize) : batches;
}
