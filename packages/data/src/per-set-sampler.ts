// Batches of one data set each, for data sets that are trained with losses of their own.

import { createRandom } from "@attune/core";
import type { Example } from "./examples.ts";
import type { Sampler } from "./sampler.ts";

/** Has `sampler` make the batches of each set by itself, and shuffles the batches of all sets. */
export function perSetSampler(sampler: Sampler, setOf: (example: Example) => number): Sampler {
  const sets = (examples: readonly Example[]): number[][] => {
    const found = Map.groupBy(examples.keys(), (i) => setOf(examples[i]));
    return [...found].sort(([a], [b]) => a - b).map(([, members]) => members);
  };
  return {
    name: sampler.name,
    batches(examples, options) {
      const batches = sets(examples).flatMap((members) => {
        const own = members.map((i) => examples[i]);
        return sampler.batches(own, options).map((batch) => batch.map((i) => members[i]));
      });
      return createRandom(options.seed, `sets/epoch-${options.epoch}`).shuffle(batches);
    },
    count(examples, options) {
      const counts = sets(examples).map((members) =>
        sampler.count(
          members.map((i) => examples[i]),
          options,
        ),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}
