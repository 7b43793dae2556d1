// Batches in which no text occurs twice, so that no in-batch negative is another row's positive. Examples that do not fit wait for a later batch.

import { createRandom, definePlugin } from "@attune/core";
import { z } from "zod";
import type { Example } from "./examples.ts";
import { PIECE, type Pieces } from "./pieces.ts";
import { textOf } from "./row.ts";
import { pieceSampler, type SamplingOptions } from "./sampler.ts";
import { WaitingExamples } from "./waiting-examples.ts";

/**
 * Walks the shuffled examples; one that shares a text (anchor, positive or negative) with its batch is postponed to the first later batch that
 * it fits into. Near the end batches may stay short, when what is left shares texts.
 * Semantics of sentence-transformers' NoDuplicatesBatchSampler.
 */
export const noDuplicatesSampler = pieceSampler("no-duplicates", noDuplicateBatches);

/** The sampler `no-duplicates`. */
export const noDuplicatesSamplerPlugin = definePlugin({
  kind: "sampler",
  name: "no-duplicates",
  summary: "shuffles, and lets no text occur twice in a batch",
  options: z.strictObject({}),
  create: () => noDuplicatesSampler,
});

function* noDuplicateBatches(examples: readonly Example[], { batchSize, dropLast, seed, epoch }: SamplingOptions): Pieces<number[][]> {
  const order = createRandom(seed, `shuffle/epoch-${epoch}`).shuffle(Array.from(examples, (_, i) => i));
  const { texts, distinct } = yield* numberTexts(examples);
  const lastBatch = new Int32Array(distinct).fill(-1); // text -> the batch that last took it
  const waiting = new WaitingExamples(order.length);
  const batches: number[][] = [];
  for (let next = 0; next < order.length || !waiting.isEmpty;) {
    const batch: number[] = [];
    const isTaken = (text: number): boolean => lastBatch[text] === batches.length;
    const takeOrPostpone = (place: number): void => {
      const example = order[place];
      const inTheWay = texts[example].find(isTaken);
      if (inTheWay !== undefined) return waiting.add(place, inTheWay);
      for (const text of texts[example]) lastBatch[text] = batches.length;
      batch.push(example);
    };
    while (batch.length < batchSize) {
      const first = waiting.next(isTaken);
      if (!first) break;
      takeOrPostpone(first.place);
      if (!isTaken(first.text)) waiting.free([first.text]);
    }
    while (next < order.length && batch.length < batchSize) takeOrPostpone(next++);
    for (const example of batch) waiting.free(texts[example]);
    batches.push(batch);
    yield;
  }
  return dropLast ? batches.filter((batch) => batch.length === batchSize) : batches;
}

/** The texts of each example as numbers: equal texts, equal numbers. */
function* numberTexts(examples: readonly Example[]): Pieces<{ texts: number[][]; distinct: number }> {
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
  const texts: number[][] = [];
  for (const { anchor, positive, negatives } of examples) {
    if (texts.length % PIECE === 0) yield;
    texts.push([anchor, positive, ...negatives.map(textOf)].map(numberOf));
  }
  return { texts, distinct: numbers.size };
}
