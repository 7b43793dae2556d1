// What a training is asked to do: one schema for flags, configuration files and code. The numbers come from @attune/train.

import { trainOptions } from "@attune/train";
import { z } from "zod";
import { choice } from "./choice.ts";
import { deviceSettings, precisions } from "./device-settings.ts";

const path = (description: string) => z.string().min(1).describe(description);

/** Every option of `attune train`, with defaults and descriptions. Paths are relative to the working folder. */
export const trainSettings = z.strictObject({
  model: path("base model: a folder in the layout of sentence-transformers or Hugging Face"),
  data: path("training rows: a JSONL, TSV or CSV file, or a BEIR folder"),
  output: path("folder for the tuned model, its checkpoints and logs"),
  loss: choice("loss", "infonce", "what is minimised"),
  optimizer: choice("optimizer", "adamw", "how weights are updated"),
  schedule: choice("schedule", "linear", "learning rate over the steps"),
  sampler: choice("sampler", "random", "which examples meet in a batch"),
  ...trainOptions.shape,
  maxLength: z.int().positive().optional().describe("tokens of a text; longer ones are cut. The model's own limit when left out"),
  precision: z.enum(precisions).default("auto").describe("type of activations; auto takes the fastest that the device has"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the data: anchor=NAME,positive=NAME,…"),
  skipBadRows: z.boolean().default(false).describe("leave out rows that cannot be used, and count them"),
  eval: z.boolean().default(true).describe("all evaluation: before, during and after the training"),
  evalData: z.string().optional().describe("evaluate on this BEIR folder or file of scored pairs instead of the data's own test split"),
  evalK: z.array(z.int().positive()).min(1).optional().describe("cut-offs of the retrieval metrics"),
  trackers: z.array(z.string()).default([]).describe("logs to write beside log.jsonl, by name: tensorboard, embedrag, …"),
  report: z.boolean().default(true).describe("report.html in the output folder: a page with curves, scores and wrong answers"),
  holdOut: z.number().gt(0).lt(1).optional().describe("share of the rows to keep out of training and to evaluate on"),
  ...deviceSettings,
});

/** As a user writes them. */
export type TrainSettings = z.input<typeof trainSettings>;

/** With defaults filled in. */
export type CompleteTrainSettings = z.output<typeof trainSettings>;
