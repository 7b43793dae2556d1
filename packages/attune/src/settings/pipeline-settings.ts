// What `attune pipeline` is told: the few settings of mining and training that people change, once for all stages.

import { miningOptions } from "@attune/mining";
import { trainOptions } from "@attune/train";
import { z } from "zod";
import { choice } from "./choice.ts";
import { modelSettings } from "./model-settings.ts";

/** In their order. */
export const stageNames = ["inspect", "baseline", "mine", "train", "evaluate", "report"] as const;
export type StageName = (typeof stageNames)[number];

const mining = miningOptions.pick({
  negatives: true,
  semantics: true,
  range: true,
  sampling: true,
  maxScore: true,
  perDocument: true,
}).shape;
const training = trainOptions.pick({
  epochs: true,
  maxSteps: true,
  batchSize: true,
  accumulation: true,
  learningRate: true,
  weightDecay: true,
  warmup: true,
  saveSteps: true,
  keep: true,
  seed: true,
}).shape;

/** Every option of `attune pipeline`. */
export const pipelineSettings = z.strictObject({
  ...modelSettings,
  data: z.string().min(1).describe("pairs: rows with a query and its positives, as JSONL, TSV or CSV, or a BEIR folder"),
  corpus: z
    .string()
    .min(1)
    .optional()
    .describe("more documents to mine and to search in: JSONL with text and perhaps title, or a text a line"),
  output: z.string().min(1).describe("folder for the results of every stage and the tuned model"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the data: anchor=NAME,positive=NAME,…"),
  skipBadRows: z.boolean().default(false).describe("leave out rows that cannot be used, and count them"),
  holdOut: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe("share of the rows that is measured on; it shares no positive and no query with the others"),
  skip: z.array(z.enum(stageNames)).default([]).describe("stages to leave out"),
  k: z.array(z.int().positive()).min(1).default([1, 10, 100]).describe("cut-offs of the metrics"),
  miner: choice("miner", "dense", "where candidates for negatives come from"),
  ...mining,
  relativeMargin: z
    .number()
    .min(0)
    .default(0.05)
    .describe("drop candidates that score above the lowest positive minus this part of its size"),
  reranker: z.string().min(1).optional().describe("cross-encoder whose scores choose the negatives"),
  loss: choice("loss", "infonce", "what is minimised"),
  sampler: choice("sampler", "random", "which examples meet in a batch"),
  ...training,
});

/** With defaults filled in. */
export type PipelineSettings = z.output<typeof pipelineSettings>;
