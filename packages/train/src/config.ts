// The configuration of a training after all names were resolved to things. Numbers are validated where they are written: in the schema.

import type { BatchPlan, DataFacts, Row, Sampler } from "@attune/data";
import type { EmbeddingModel } from "@attune/embedding";
import type { Evaluator } from "@attune/evaluation";
import type { Loss } from "@attune/losses";
import type { OptimizerFactory, Schedule } from "@attune/optim";
import { z } from "zod";
import type { Tracker } from "./tracker.ts";

const positiveInt = z.number().int().positive();

/** The numbers of a training, with their defaults; the command line's options come from here. */
export const trainOptions = z.object({
  epochs: positiveInt.optional().describe("passes over the data; one, unless steps are given in place of it"),
  maxSteps: positiveInt.optional().describe("optimiser steps to stop after; without epochs the data repeat until then"),
  batchSize: positiveInt.default(32).describe("rows in a batch: each anchor meets the candidates of all of them"),
  accumulation: positiveInt.default(1).describe("batches whose gradients are averaged before an update"),
  learningRate: z.number().positive().default(2e-5).describe("highest learning rate"),
  weightDecay: z.number().min(0).default(0.01).describe("decoupled weight decay of matrices; biases and norms never decay"),
  clip: z.number().min(0).default(1).describe("largest norm of the gradient; 0 for no clipping"),
  warmup: z.number().min(0).default(0.1).describe("steps until the highest rate: a share of all steps below 1, a count from 1"),
  positives: z
    .enum(["each", "rotate", "random"])
    .default("each")
    .describe("how a row's positives become examples: one each, by turns, or one drawn per epoch"),
  negatives: z.number().int().min(0).optional().describe("hard negatives per example at most; all of them when left out"),
  dropLast: z.boolean().default(false).describe("leave out the last, smaller batch of an epoch"),
  seed: z.number().int().min(0).default(42).describe("one seed for shuffling, dropout and initial weights"),
  saveSteps: positiveInt.optional().describe("write a checkpoint every so many steps; one at the end in any case"),
  keep: positiveInt.default(1).describe("checkpoints to keep: so many of the newest, and the best one"),
  evalSteps: positiveInt.optional().describe("evaluate every so many steps, and after the last one"),
  bestMetric: z.string().min(1).optional().describe("end with the model of the step at which this metric was highest"),
  patience: positiveInt.optional().describe("stop after so many evaluations in a row that are not better than the best one"),
  minDelta: z.number().min(0).default(0).describe("how much higher the metric must be to be better"),
});
export type TrainOptions = z.output<typeof trainOptions>;

export interface TrainConfig {
  readonly model: EmbeddingModel;
  /** Empty where `plan` streams them; then `facts` says what they are. */
  readonly rows: readonly Row[];
  readonly loss: Loss;
  /** Where data sets have losses of their own: which one a row is for, and all of them. No batch has examples of two losses. */
  readonly lossFor?: { readonly losses: readonly Loss[]; of(rowIndex: number): Loss };
  readonly optimizer: OptimizerFactory;
  readonly schedule: Schedule;
  readonly sampler: Sampler;
  readonly options: TrainOptions;
  /** What `planTraining` made of the above, where somebody has asked it already: measuring every text once is enough. */
  readonly plan?: BatchPlan;
  /** What identifies the rows, where somebody has found it out already. */
  readonly facts?: DataFacts;
  /** Where a person finds a row of `rows`, by its number; for messages. */
  readonly placeOf?: (row: number) => string | undefined;
  /** Where checkpoints go; the folder is there. */
  readonly output: string;
  /** The lock of `output`, where the caller holds it already: it stays the caller's, who gives it back. Taken and given back here, when left out. */
  readonly lock?: AsyncDisposable;
  /** Continue from the newest checkpoint in `output`. */
  readonly resume?: boolean;
  /** Everything else that must be the same for a resume to be exact: loss and its options, maximum length, base model. Plain JSON. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** How messages about `options` and `settings` call them ("--batch-size"); as they are named here, when left out. */
  readonly nameOf?: (setting: string) => string;
  /** Evaluated every `evalSteps`; scores are told as events. Their names differ. */
  readonly evaluators?: readonly Evaluator[];
  readonly trackers?: readonly Tracker[];
}
