// What a training is asked to do: one schema for flags, configuration files and code. The numbers come from @attune/train.

import { trainOptions } from "@attune/train";
import { z } from "zod";
import { choice, choices, optionalChoice } from "./choice.ts";
import { deviceSettings, precisions } from "./device-settings.ts";
import { tokenCacheSetting } from "./model-settings.ts";

const path = (description: string) => z.string().min(1).describe(description);

/** A data set of several, with what is its own. */
const dataSet = z.strictObject({
  path: z.string().min(1),
  weight: z.number().positive().optional(),
  columns: z.record(z.string(), z.string()).optional(),
  split: z.string().min(1).optional(),
  loss: optionalChoice("loss"),
});

/** An evaluation set, with what is its own. */
const evaluationSet = z.strictObject({
  path: z.string().min(1),
  evaluator: optionalChoice("evaluator"),
  name: z.string().min(1).optional(),
});

/** Examples that are shuffled among each other unless something else is asked for. */
export const SHUFFLE_WINDOW = 10_000;

/** Every option of `attune train`, with defaults and descriptions. Paths are relative to the working folder. */
export const trainSettings = z.strictObject({
  model: path("base model: a folder in the layout of sentence-transformers or Hugging Face, or a hub id: org/name, org/name@revision"),
  data: z
    .union([z.string().min(1), z.array(z.union([z.string().min(1), dataSet])).min(1)])
    .describe(
      "training rows: a JSONL, TSV or CSV file (gzip or not), a pattern of them, or a BEIR folder; PATH=2 meets its rows twice an epoch",
    )
    .meta({ repeats: true }),
  output: path("folder for the tuned model, its checkpoints and logs"),
  loss: choice("loss", "infonce", "what is minimised"),
  optimizer: choice("optimizer", "adamw", "how weights are updated"),
  schedule: choice("schedule", "linear", "learning rate over the steps"),
  sampler: choice("sampler", "random", "which examples meet in a batch"),
  ...trainOptions.shape,
  maxLength: z.int().positive().optional().describe("tokens of a text; longer ones are cut. The model's own limit when left out"),
  ...tokenCacheSetting,
  precision: z
    .enum(precisions)
    .default("auto")
    .describe("type of activations; auto takes the fastest that the device has. Weights, sums and gradients of weights are fp32"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the data: anchor=NAME,positive=NAME,…"),
  streaming: z.boolean().default(false).describe("read rows from disk as they are needed, for files that do not fit into memory"),
  shuffleWindow: z.int().positive().default(SHUFFLE_WINDOW).describe("examples that are shuffled among each other where rows are streamed"),
  skipBadRows: z.boolean().default(false).describe("leave out rows that cannot be used, and count them"),
  eval: z.boolean().default(true).describe("all evaluation: before, during and after the training"),
  evalData: z
    .union([z.string().min(1), z.array(z.union([z.string().min(1), evaluationSet])).min(1)])
    .optional()
    .describe("evaluate on this instead of the data's own test split: a BEIR folder, a file of rows or scored pairs, or EVALUATOR:PATH")
    .meta({ repeats: true }),
  evalK: z.array(z.int().positive()).min(1).optional().describe("cut-offs of the retrieval metrics"),
  trackers: choices("tracker", "logs to write beside log.jsonl"),
  report: z.boolean().default(true).describe("report.html in the output folder: a page with curves, scores and wrong answers"),
  holdOut: z.number().gt(0).lt(1).optional().describe("share of the rows to keep out of training and to evaluate on"),
  ...deviceSettings,
});

/** As a user writes them. */
export type TrainSettings = z.input<typeof trainSettings>;

/** With defaults filled in. */
export type CompleteTrainSettings = z.output<typeof trainSettings>;
