// What every command that computes can be told about device and plugins.

import type { Plugin } from "@attune/core";
import { z } from "zod";

/** Options that most commands share. */
export const deviceSettings = {
  device: z.string().default("auto").describe("auto, or a backend by name: cpu, typescript"),
  threads: z.int().positive().optional().describe("threads of the cpu backend; as many as the system grants when left out"),
  plugins: z
    .array(z.custom<string | Plugin>())
    .default([])
    .describe("module of plugins to load; may be repeated")
    .meta({ flag: "plugin", repeats: true }),
};

/** Element types that can be asked for. Parameters, sums and the residual stream are fp32 in all of them. */
export const precisions = ["auto", "fp32", "bf16", "fp16"] as const;
export type Precision = (typeof precisions)[number];
