// All batches of a training, known before it starts. A place in it is {epoch, batch}: that is all that a checkpoint has to remember.

import { AttuneError } from "@attune/core";
import { expandInPieces, type Example, type PositiveChoice } from "./examples.ts";
import { atOnce, withPauses, type Pieces } from "./pieces.ts";
import type { Row } from "./row.ts";
import { batchesInPieces, countInPieces, type LengthOf, type Sampler, type SamplingOptions } from "./sampler.ts";

/** A batch by number, both from 0. Plain JSON. */
export interface BatchCursor {
  readonly epoch: number;
  readonly batch: number;
}

export interface PlannedBatch {
  readonly cursor: BatchCursor;
  /** Where to go on after this batch. */
  readonly next: BatchCursor;
  readonly examples: readonly Example[];
}

export interface BatchPlan {
  /** Batches of all epochs. */
  readonly steps: number;
  /** An entry for each epoch that is planned. */
  readonly stepsOfEpoch: readonly number[];
  /** The batches from a place on; from the first, when left out. Where they take long to make, the signal ends that with its reason. */
  from(cursor?: BatchCursor, signal?: AbortSignal): Iterable<PlannedBatch> | AsyncIterable<PlannedBatch>;
}

/** A plan of rows in memory. */
export interface RowPlan extends BatchPlan {
  from(cursor?: BatchCursor): Generator<PlannedBatch>;
}

/** How many epochs there are. */
export interface EpochOptions {
  /** At most so many; when left out one, or as many as `maxSteps` takes. */
  readonly epochs?: number;
  /** Optimiser steps after which no further epoch is planned. */
  readonly maxSteps?: number;
  /** Batches of an optimiser step, which never spans two epochs; 1 unless given. */
  readonly accumulation?: number;
}

export interface PlanOptions extends EpochOptions {
  readonly sampler: Sampler;
  readonly batchSize: number;
  readonly seed: number;
  readonly dropLast?: boolean;
  readonly positives?: PositiveChoice;
  /** At most so many negatives per example. */
  readonly negatives?: number;
  /** Called once per text, side and prompt. Only some samplers need it. */
  readonly lengthOf?: LengthOf;
  /** Where a person finds a row, by its number; for messages. */
  readonly placeOf?: SamplingOptions["placeOf"];
}

/** Plans every epoch. The same rows and options give the same batches from any cursor on; E_EMPTY when no batch comes out. */
export function planBatches(rows: readonly Row[], options: PlanOptions): RowPlan {
  const { epochOf, ...planned } = atOnce(plan(rows, options));
  return {
    ...planned,
    *from(cursor = START) {
      for (const { epoch, batch } of epochsFrom(cursor, planned.stepsOfEpoch)) yield* batchesFrom(atOnce(epochOf(epoch)), epoch, batch);
    },
  };
}

/** The same for many rows, with pauses in which a stop is heard: rejects with the signal's reason, as do the batches with that of theirs. */
export async function planStoppably(rows: readonly Row[], options: PlanOptions, signal: AbortSignal): Promise<BatchPlan> {
  const { epochOf, ...planned } = await withPauses(plan(rows, options), signal);
  return {
    ...planned,
    async *from(cursor = START, stopping = signal) {
      for (const { epoch, batch } of epochsFrom(cursor, planned.stepsOfEpoch))
        yield* batchesFrom(await withPauses(epochOf(epoch), stopping), epoch, batch);
    },
  };
}

const START: BatchCursor = { epoch: 0, batch: 0 };

/** The batches of one epoch. */
interface Epoch {
  readonly examples: readonly Example[];
  /** Indices into them. */
  readonly batches: readonly (readonly number[])[];
}

function* plan(
  rows: readonly Row[],
  options: PlanOptions,
): Pieces<Pick<BatchPlan, "steps" | "stepsOfEpoch"> & { epochOf(epoch: number): Pieces<Epoch> }> {
  const { sampler, batchSize, seed, dropLast = false, positives = "each", negatives, placeOf } = options;
  const lengthOf = options.lengthOf && remembered(options.lengthOf);
  const examplesOf = (epoch: number): Pieces<Example[]> => expandInPieces(rows, positives, { seed, epoch, negatives });
  const sampling = (epoch: number) => ({ batchSize, dropLast, seed, epoch, ...(lengthOf && { lengthOf }), ...(placeOf && { placeOf }) });
  const counter = new EpochCounter(options);
  while (!counter.done) {
    const epoch = counter.perEpoch.length;
    counter.add(yield* countInPieces(sampler, yield* examplesOf(epoch), sampling(epoch)));
  }
  const { batches: steps, perEpoch: stepsOfEpoch } = counter;
  if (steps === 0) throw nothingToDo(rows, options, stepsOfEpoch.length);
  return {
    steps,
    stepsOfEpoch,
    *epochOf(epoch) {
      const examples = yield* examplesOf(epoch);
      return { examples, batches: yield* batchesInPieces(sampler, examples, sampling(epoch)) };
    },
  };
}

/** The first batch to give out of each epoch from a place on. */
function* epochsFrom({ epoch, batch }: BatchCursor, stepsOfEpoch: readonly number[]): Generator<BatchCursor> {
  for (let at = epoch; at < stepsOfEpoch.length; at++) yield { epoch: at, batch: at === epoch ? batch : 0 };
}

function* batchesFrom({ examples, batches }: Epoch, epoch: number, first: number): Generator<PlannedBatch> {
  for (let batch = first; batch < batches.length; batch++) {
    const next = batch + 1 < batches.length ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
    yield { cursor: { epoch, batch }, next, examples: batches[batch].map((i) => examples[i]) };
  }
}

/** Counts the batches of epochs, up to the epoch that holds the last step. */
export class EpochCounter {
  readonly #options: EpochOptions;
  /** Batches of each epoch so far. */
  readonly perEpoch: number[] = [];
  /** Of all of them. */
  batches = 0;
  /** Optimiser steps of all epochs. */
  #steps = 0;
  /** Epochs without a batch, up to this one. */
  #empty = 0;

  constructor(options: EpochOptions) {
    this.#options = options;
  }

  get done(): boolean {
    const { epochs, maxSteps } = this.#options;
    if (this.#steps >= (maxSteps ?? Infinity)) return true;
    // Rows of small weights may leave single epochs without a batch; data that never give one have no end otherwise.
    if (epochs === undefined && maxSteps !== undefined) return this.#empty >= maxSteps;
    return this.perEpoch.length >= (epochs ?? 1);
  }

  add(batches: number): void {
    this.perEpoch.push(batches);
    this.batches += batches;
    this.#steps += Math.ceil(batches / (this.#options.accumulation ?? 1));
    this.#empty = batches === 0 ? this.#empty + 1 : 0;
  }
}

function remembered(lengthOf: LengthOf): LengthOf {
  const known = new Map<string, Map<string, number>>();
  return (text, side, prompt) => {
    const key = JSON.stringify([side, prompt]);
    const lengths = known.get(key) ?? new Map<string, number>();
    known.set(key, lengths);
    const length = lengths.get(text) ?? lengthOf(text, side, prompt);
    lengths.set(text, length);
    return length;
  };
}

function nothingToDo(rows: readonly Row[], { batchSize, dropLast }: PlanOptions, epochs: number): AttuneError {
  const full = dropLast ? "full " : "";
  const problem = `${rows.length} rows give no ${full}batch of ${batchSize} in ${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
  return new AttuneError({ code: "E_EMPTY", place: "batches", problem, hint: "use a smaller batch size, or keep the last batch" });
}
