// Is the gain more than the luck of these queries? A confidence interval by resampling them.

import { AttuneError, createRandom } from "@attune/core";

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  /** How often the queries are drawn anew. */
  readonly samples?: number;
  /** Share of the resampled means inside the interval. */
  readonly confidence?: number;
}

/**
 * Mean of tuned − base over paired per-query values, with the percentile bootstrap interval. E_SHAPE for lists of different lengths or none.
 * @see Sakai 2006, "Evaluating evaluation metrics based on the bootstrap"
 */
export function bootstrapDifference(
  base: ArrayLike<number>,
  tuned: ArrayLike<number>,
  { seed, samples = 2000, confidence = 0.95 }: BootstrapOptions,
): Interval {
  const count = base.length;
  if (count === 0 || tuned.length !== count) {
    throw new AttuneError({
      code: "E_SHAPE",
      place: "bootstrap",
      expected: "as many tuned values as base values",
      got: `${tuned.length} and ${count}`,
    });
  }
  const differences = Float64Array.from(base, (value, i) => tuned[i] - value);
  const random = createRandom(seed, "bootstrap");
  const means = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += differences[random.below(count)];
    means[sample] = sum / count;
  }
  means.sort();
  const at = (share: number): number => means[Math.round(share * (samples - 1))];
  const tail = (1 - confidence) / 2;
  return { mean: differences.reduce((sum, value) => sum + value, 0) / count, low: at(tail), high: at(1 - tail) };
}
