// What commands that use a model are told: which one, and how it reads texts.

import { z } from "zod";
import { deviceSettings, precisions } from "./device-settings.ts";

/** Options that `encode` and `eval` share. */
export const modelSettings = {
  model: z.string().min(1).describe("model folder in the layout of sentence-transformers or Hugging Face"),
  maxLength: z.int().positive().optional().describe("tokens of a text; longer ones are cut. The model's own limit when left out"),
  precision: z.enum(precisions).default("fp32").describe("type of activations"),
  ...deviceSettings,
};
