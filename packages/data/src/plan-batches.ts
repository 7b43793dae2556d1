// All batches of a training, known before it starts. A place in it is {epoch, batch}: that is all that a checkpoint has to remember.

import { AttuneError } from "@attune/core";
import { expandPositives, type Example, type PositiveChoice } from "./examples.ts";
import type { Row } from "./row.ts";
import type { LengthOf, Sampler } from "./sampler.ts";

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
  /** The batches from a place on; from the first, when left out. */
  from(cursor?: BatchCursor): Iterable<PlannedBatch> | AsyncIterable<PlannedBatch>;
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
}

/** Plans every epoch. The same rows and options give the same batches from any cursor on; E_EMPTY when no batch comes out. */
export function planBatches(rows: readonly Row[], options: PlanOptions): RowPlan {
  const { sampler, batchSize, seed, dropLast = false, positives = "each", negatives } = options;
  const lengthOf = options.lengthOf && remembered(options.lengthOf);
  const examplesOf = (epoch: number): Example[] => expandPositives(rows, positives, { seed, epoch, negatives });
  const sampling = (epoch: number) => ({ batchSize, dropLast, seed, epoch, ...(lengthOf && { lengthOf }) });
  const stepsOfEpoch = countEpochs(options, (epoch) => sampler.count(examplesOf(epoch), sampling(epoch)));
  const steps = stepsOfEpoch.reduce((sum, count) => sum + count, 0);
  if (steps === 0) throw nothingToDo(rows, options, stepsOfEpoch.length);
  return {
    steps,
    stepsOfEpoch,
    *from(cursor = { epoch: 0, batch: 0 }) {
      for (let { epoch, batch } = cursor; epoch < stepsOfEpoch.length; epoch++, batch = 0) {
        const examples = examplesOf(epoch);
        const batches = sampler.batches(examples, sampling(epoch));
        for (; batch < batches.length; batch++) {
          const next = batch + 1 < batches.length ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
          yield { cursor: { epoch, batch }, next, examples: batches[batch].map((i) => examples[i]) };
        }
      }
    },
  };
}

/** The batches of each epoch, up to the epoch that holds the last step. */
export function countEpochs({ epochs, maxSteps, accumulation = 1 }: EpochOptions, batchesOf: (epoch: number) => number): number[] {
  const stepsOfEpoch: number[] = [];
  const most = epochs ?? maxSteps ?? 1; // an epoch has at least one step
  for (let steps = 0; stepsOfEpoch.length < most && steps < (maxSteps ?? Infinity);) {
    const batches = batchesOf(stepsOfEpoch.length);
    stepsOfEpoch.push(batches);
    steps += Math.ceil(batches / accumulation);
  }
  return stepsOfEpoch;
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
