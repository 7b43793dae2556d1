// The kind "sampler": which examples meet in a batch, and in which order. A sampler is a pure function, so a resumed run needs no state of it.

import { AttuneError } from "@attune/core";
import type { Example } from "./examples.ts";
import { atOnce, type Pieces } from "./pieces.ts";
import { textOf } from "./row.ts";

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
  "length-bucketed": { readonly window?: number };
  "token-budget": { readonly tokens: number };
}

/**
 * Tokens of a text as the model will see it, with the prompt of its side or, for an anchor, the row's own in its place. Always the same for the
 * same arguments.
 */
export type LengthOf = (text: string, side: "query" | "document", prompt?: string) => number;

export interface SamplingOptions {
  readonly batchSize: number;
  /** Leaves out batches that are not full. */
  readonly dropLast: boolean;
  readonly seed: number;
  readonly epoch: number;
  /** Samplers that go by length need it. */
  readonly lengthOf?: LengthOf;
  /** Where a person finds a row, by the `rowIndex` of an example; for messages. */
  readonly placeOf?: (rowIndex: number) => string | undefined;
}

export interface Sampler {
  readonly name: string;
  /** The batches of an epoch, as indices into `examples`; the same arguments give the same batches. */
  batches(examples: readonly Example[], options: SamplingOptions): number[][];
  /** How many batches that will be. */
  count(examples: readonly Example[], options: SamplingOptions): number;
  /** The same batches in pieces, for samplers that take long: between two pieces a stop is heard. Where it is there, a plan asks it alone. */
  inPieces?(examples: readonly Example[], options: SamplingOptions): Pieces<number[][]>;
}

/** A sampler that works in pieces; it counts by making the batches, unless told how. */
export function pieceSampler(
  name: string,
  inPieces: NonNullable<Sampler["inPieces"]>,
  count: Sampler["count"] = (examples, options) => atOnce(inPieces(examples, options)).length,
): Sampler {
  return { name, batches: (examples, options) => atOnce(inPieces(examples, options)), count, inPieces };
}

/** The batches of any sampler, in pieces if it can make them so. */
export function* batchesInPieces(sampler: Sampler, examples: readonly Example[], options: SamplingOptions): Pieces<number[][]> {
  return sampler.inPieces ? yield* sampler.inPieces(examples, options) : sampler.batches(examples, options);
}

/** How many batches any sampler makes, counted in pieces if it can make them so. */
export function* countInPieces(sampler: Sampler, examples: readonly Example[], options: SamplingOptions): Pieces<number> {
  return sampler.inPieces ? (yield* sampler.inPieces(examples, options)).length : sampler.count(examples, options);
}

/** Consecutive batches of an order; the last one is shorter, or left out. */
export function cutBatches(order: readonly number[], batchSize: number, dropLast: boolean): number[][] {
  const batches = Array.from({ length: Math.ceil(order.length / batchSize) }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
  return dropLast ? batches.filter((batch) => batch.length === batchSize) : batches;
}

/** Tokens of each example, all its texts together, prompts included. E_OPTION when nobody says how long a text is. */
export function* exampleLengths(sampler: string, examples: readonly Example[], { lengthOf }: SamplingOptions): Pieces<number[]> {
  if (!lengthOf) {
    const problem = "goes by the lengths of texts, and this call does not give them";
    throw new AttuneError({
      code: "E_OPTION",
      place: `sampler ${sampler}`,
      problem,
      hint: "pass lengthOf: (text, side, prompt) => its number of tokens",
    });
  }
  const lengths: number[] = [];
  for (const { anchor, positive, negatives, prompt } of examples) {
    let tokens = lengthOf(anchor, "query", prompt);
    for (const text of [positive, ...negatives.map(textOf)]) tokens += lengthOf(text, "document");
    lengths.push(tokens);
    yield;
  }
  return lengths;
}
