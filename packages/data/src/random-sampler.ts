// The usual order: all examples shuffled anew each epoch.

import { createRandom, definePlugin } from "@attune/core";
import { z } from "zod";
import { cutBatches, type Sampler } from "./sampler.ts";

/** Shuffles by (seed, epoch) and cuts into batches. */
export const randomSampler: Sampler = {
  name: "random",
  batches(examples, { batchSize, dropLast, seed, epoch }) {
    const order = createRandom(seed, `shuffle/epoch-${epoch}`).shuffle(Array.from(examples, (_, i) => i));
    return cutBatches(order, batchSize, dropLast);
  },
  count: (examples, { batchSize, dropLast }) => (dropLast ? Math.floor : Math.ceil)(examples.length / batchSize),
};

/** The sampler `random`. */
export const randomSamplerPlugin = definePlugin({
  kind: "sampler",
  name: "random",
  summary: "shuffles all examples each epoch",
  options: z.strictObject({}),
  create: () => randomSampler,
});
