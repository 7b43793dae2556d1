// What commands that use a model are told: which one, and how it reads texts.

import { z } from "zod";
import { optionalChoice } from "./choice.ts";
import { deviceSettings, precisions } from "./device-settings.ts";

/** Where commands that read many texts keep their ids. */
export const tokenCacheSetting = {
  tokenCache: z.string().min(1).optional().describe("folder that keeps the token ids of texts, so that another run need not tokenise them"),
};

/** Of commands that show what a model's tokens give under another pooling. */
export const poolingSetting = {
  pooling: optionalChoice("pooling").describe("how tokens become a vector; the model's own when left out"),
};

/** Options of every command that runs a model. */
export const modelSettings = {
  model: z
    .string()
    .min(1)
    .describe("model folder in the layout of sentence-transformers or Hugging Face, or a hub id: org/name, org/name@revision"),
  maxLength: z.int().positive().optional().describe("tokens of a text; longer ones are cut. The model's own limit when left out"),
  precision: z
    .enum(precisions)
    .default("fp32")
    .describe("type of activations; bf16 is faster where the processor multiplies it, and vectors differ in their third digit"),
  ...deviceSettings,
};
