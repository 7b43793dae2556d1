// Batches of as many examples as fit into a number of tokens: long texts make small batches, and no step needs more memory than planned.

import { AttuneError, createRandom, definePlugin, show } from "@attune/core";
import { z } from "zod";
import type { Example } from "./examples.ts";
import type { Pieces } from "./pieces.ts";
import { exampleLengths, pieceSampler, type Sampler, type SamplingOptions } from "./sampler.ts";

/**
 * Walks the examples shuffled by (seed, epoch) and starts a new batch where the next one would bring it above `tokens` (anchors, positives
 * and negatives together) or above the batch size. `dropLast` leaves out the last one only: the others are full. Needs `lengthOf`.
 * An example that is longer than the budget alone is E_OPTION.
 */
export function tokenBudgetSampler(tokens: number): Sampler {
  return pieceSampler("token-budget", (examples, options) => budgetBatches(examples, options, tokens));
}

/** The sampler `token-budget`. */
export const tokenBudgetSamplerPlugin = definePlugin({
  kind: "sampler",
  name: "token-budget",
  summary: "fills each batch up to a number of tokens, at most to the batch size",
  options: z.strictObject({ tokens: z.int().positive().describe("most tokens in a batch, anchors and documents together") }),
  create: ({ tokens }) => tokenBudgetSampler(tokens),
});

function* budgetBatches(examples: readonly Example[], options: SamplingOptions, tokens: number): Pieces<number[][]> {
  const { batchSize, dropLast, seed, epoch, placeOf } = options;
  const lengths = yield* exampleLengths("token-budget", examples, options);
  const tooLong = lengths.findIndex((length) => length > tokens);
  if (tooLong >= 0) throw doesNotFit(examples[tooLong], { length: lengths[tooLong], tokens, placeOf });
  const batches: number[][] = [];
  let room = 0;
  for (const example of createRandom(seed, `shuffle/epoch-${epoch}`).shuffle(Array.from(examples, (_, i) => i))) {
    if (batches.length === 0 || lengths[example] > room || batches.at(-1)!.length === batchSize) {
      batches.push([]);
      room = tokens;
    }
    batches.at(-1)!.push(example);
    room -= lengths[example];
  }
  return dropLast ? batches.slice(0, -1) : batches;
}

/** Names the row by where it stands; where nobody knows that, a person finds it by its anchor. */
function doesNotFit(
  { rowIndex, anchor, negatives }: Example,
  { length, tokens, placeOf }: { length: number; tokens: number } & Pick<SamplingOptions, "placeOf">,
): AttuneError {
  const place = placeOf?.(rowIndex);
  const row = place === undefined ? `the row of ${show(anchor)} ` : "";
  const texts = negatives.length > 0 ? ` with ${negatives.length} ${negatives.length === 1 ? "negative" : "negatives"}` : "";
  return new AttuneError({
    code: "E_OPTION",
    place: place ?? "sampler token-budget",
    problem: `${row}has ${length} tokens${texts}, more than the token budget of ${tokens}`,
    hint: "raise the budget (--sampler.tokens), lower the maximum length or take fewer negatives",
  });
}
