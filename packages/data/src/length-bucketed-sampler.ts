// Batches of examples of about the same length, so that steps take about the same time. Examples are sorted inside of windows of the
// shuffled order only, so that batches stay different from epoch to epoch.

import { createRandom, definePlugin } from "@attune/core";
import { z } from "zod";
import { cutBatches, exampleLengths, pieceSampler, type Sampler } from "./sampler.ts";

/**
 * Shuffles by (seed, epoch), sorts each `window` batches' worth of examples by their tokens, cuts batches and shuffles those. The batch with
 * the most tokens comes first: too little memory shows at the first step. Needs `lengthOf`. After transformers' group_by_length.
 */
export function lengthBucketedSampler(window = 50): Sampler {
  return pieceSampler(
    "length-bucketed",
    function* (examples, options) {
      const { batchSize, dropLast, seed, epoch } = options;
      const lengths = yield* exampleLengths("length-bucketed", examples, options);
      const random = createRandom(seed, `shuffle/epoch-${epoch}`);
      const order = random.shuffle(Array.from(examples, (_, i) => i));
      // Left out before sorting: else it would always be the shortest ones.
      const kept = dropLast ? order.slice(0, order.length - (order.length % batchSize)) : order;
      const sorted: number[] = [];
      for (const bucket of cutBatches(kept, window * batchSize, false)) {
        yield;
        for (const example of bucket.sort((a, b) => lengths[b] - lengths[a])) sorted.push(example);
      }
      return longestFirst(random.shuffle(cutBatches(sorted, batchSize, false)), lengths);
    },
    (examples, { batchSize, dropLast }) => (dropLast ? Math.floor : Math.ceil)(examples.length / batchSize),
  );
}

/** The sampler `length-bucketed`. */
export const lengthBucketedSamplerPlugin = definePlugin({
  kind: "sampler",
  name: "length-bucketed",
  summary: "puts examples of about the same length into a batch",
  options: z.strictObject({ window: z.int().positive().default(50).describe("batches among which examples are sorted by length") }),
  create: ({ window }) => lengthBucketedSampler(window),
});

function longestFirst(batches: number[][], lengths: readonly number[]): number[][] {
  const tokens = batches.map((batch) => batch.reduce((sum, example) => sum + lengths[example], 0));
  const longest = tokens.indexOf(tokens.reduce((most, count) => Math.max(most, count), 0));
  return longest > 0 ? [batches[longest], ...batches.toSpliced(longest, 1)] : batches;
}
