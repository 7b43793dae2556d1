// All batches of a training, known before it starts. A place in it is {epoch, batch}: that is all that a checkpoint has to remember.

import { AttuneError } from "@attune/core";
import { expandPositives, type Example, type PositiveChoice } from "./examples.ts";
import type { Row } from "./row.ts";
import type { Sampler } from "./sampler.ts";

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
  readonly stepsOfEpoch: readonly number[];
  /** The batches from a place on; from the first, when left out. */
  from(cursor?: BatchCursor): Iterable<PlannedBatch> | AsyncIterable<PlannedBatch>;
}

/** A plan of rows in memory. */
export interface RowPlan extends BatchPlan {
  from(cursor?: BatchCursor): Generator<PlannedBatch>;
}

export interface PlanOptions {
  readonly sampler: Sampler;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly dropLast?: boolean;
  readonly positives?: PositiveChoice;
  /** At most so many negatives per example. */
  readonly negatives?: number;
  /** Tokens of a text as the model will see it, always the same for the same text; called once per text. Only some samplers need it. */
  readonly lengthOf?: (text: string) => number;
}

/** Plans every epoch. The same rows and options give the same batches from any cursor on; E_EMPTY when no batch comes out. */
export function planBatches(rows: readonly Row[], options: PlanOptions): RowPlan {
  const { sampler, batchSize, epochs, seed, dropLast = false, positives = "each", negatives } = options;
  const lengthOf = options.lengthOf && remembered(options.lengthOf);
  const examplesOf = (epoch: number): Example[] => expandPositives(rows, positives, { seed, epoch, negatives });
  const sampling = (epoch: number) => ({ batchSize, dropLast, seed, epoch, ...(lengthOf && { lengthOf }) });
  const stepsOfEpoch = Array.from({ length: epochs }, (_, epoch) => sampler.count(examplesOf(epoch), sampling(epoch)));
  const steps = stepsOfEpoch.reduce((sum, count) => sum + count, 0);
  if (steps === 0) throw nothingToDo(rows, options);
  return {
    steps,
    stepsOfEpoch,
    *from(cursor = { epoch: 0, batch: 0 }) {
      for (let { epoch, batch } = cursor; epoch < epochs; epoch++, batch = 0) {
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

function remembered(lengthOf: (text: string) => number): (text: string) => number {
  const lengths = new Map<string, number>();
  return (text) => {
    const length = lengths.get(text) ?? lengthOf(text);
    lengths.set(text, length);
    return length;
  };
}

function nothingToDo(rows: readonly Row[], { batchSize, epochs, dropLast }: PlanOptions): AttuneError {
  const full = dropLast ? "full " : "";
  const problem = `${rows.length} rows give no ${full}batch of ${batchSize} in ${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
  return new AttuneError({ code: "E_EMPTY", place: "batches", problem, hint: "use a smaller batch size, or keep the last batch" });
}
