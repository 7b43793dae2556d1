// The learning rate as a function of the optimiser step, counted from 0. Semantics of transformers' schedules: warm-up starts at rate 0.

import { definePlugin } from "@attune/core";
import { z } from "zod";

/** How the learning rate changes over a training. */
export interface Schedule {
  readonly name: string;
  /** The factor on the base rate at a step, for a run of `total` steps of which `warmup` rise linearly. */
  factor(step: number, total: number, warmup: number): number;
}

declare module "@attune/core" {
  interface PluginKinds {
    schedule: Schedule;
  }
}

/** Warm-up, then the base rate. */
export const constant = schedule("constant", "warm-up, then constant", z.strictObject({}), () => () => 1);

/** Warm-up, then a straight line to 0 at `total`. */
export const linear = schedule("linear", "warm-up, then linear decay to zero", z.strictObject({}), () => (progress) => 1 - progress);

/** Warm-up, then `cycles` cosine waves; 0.5 falls once to 0. */
export const cosine = schedule(
  "cosine",
  "warm-up, then cosine decay",
  z.strictObject({ cycles: z.number().positive().default(0.5).describe("waves; 0.5 falls once to zero") }),
  ({ cycles }) =>
    (progress) =>
      0.5 * (1 + Math.cos(2 * Math.PI * cycles * progress)),
);

/** A schedule from its decay over the progress after warm-up: 0 to 1, and on beyond `total`. */
function schedule<Schema extends z.core.$ZodType>(
  name: string,
  summary: string,
  options: Schema,
  decayOf: (chosen: z.output<Schema>) => (progress: number) => number,
) {
  return definePlugin({
    kind: "schedule",
    name,
    summary,
    options,
    create(chosen): Schedule {
      const decay = decayOf(chosen);
      return {
        name,
        factor(step, total, warmup) {
          if (step < warmup) return step / Math.max(1, warmup);
          return Math.max(0, decay((step - warmup) / Math.max(1, total - warmup)));
        },
      };
    },
  });
}

/** Warm-up steps from a count (at least 1) or a share of all steps (below 1), rounded up as transformers does. */
export function warmupSteps(warmup: number, total: number): number {
  return warmup < 1 ? Math.ceil(warmup * total) : Math.floor(warmup);
}
