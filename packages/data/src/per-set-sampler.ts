// Batches of one data set each, for data sets that are trained with losses of their own.

import { createRandom } from "@attune/core";
import type { Example } from "./examples.ts";
import { batchesInPieces, pieceSampler, type Sampler } from "./sampler.ts";

/** Has `sampler` make the batches of each set by itself, and shuffles the batches of all sets. */
export function perSetSampler(sampler: Sampler, setOf: (example: Example) => number): Sampler {
  const sets = (examples: readonly Example[]): number[][] => {
    const found = Map.groupBy(examples.keys(), (i) => setOf(examples[i]));
    return [...found].sort(([a], [b]) => a - b).map(([, members]) => members);
  };
  return pieceSampler(
    sampler.name,
    function* (examples, options) {
      const batches: number[][] = [];
      for (const members of sets(examples)) {
        const own = members.map((i) => examples[i]);
        for (const batch of yield* batchesInPieces(sampler, own, options)) batches.push(batch.map((i) => members[i]));
      }
      return createRandom(options.seed, `sets/epoch-${options.epoch}`).shuffle(batches);
    },
    (examples, options) => {
      const counts = sets(examples).map((members) =>
        sampler.count(
          members.map((i) => examples[i]),
          options,
        ),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
  );
}
