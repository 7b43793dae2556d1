// The batches of a training, planned before it starts: what the loop follows and what a command shows beforehand.

import { planStoppably } from "@attune/data";
import type { BatchPlan, LengthOf } from "@attune/data";
import type { TrainConfig, TrainOptions } from "./config.ts";

/** Texts between two calls of `onMeasured`. */
const TOLD = 256;

/**
 * Every batch of every epoch. A sampler that goes by length has every text measured here, in the tokens that the model will see (prompts
 * included, as in a step), since the number of steps depends on it: `onMeasured` hears how many are done. Pauses now and then, and rejects with the
 * signal's reason.
 */
export function planTraining(
  { rows, sampler, options, model, placeOf }: Pick<TrainConfig, "rows" | "sampler" | "options" | "model" | "placeOf">,
  { signal, onMeasured }: { signal: AbortSignal; onMeasured?: (texts: number) => void },
): Promise<BatchPlan> {
  let measured = 0;
  const lengthOf: LengthOf = (text, side, prompt = model.promptFor(side)) => {
    if (++measured % TOLD === 0) onMeasured?.(measured);
    return model.tokenize([text], prompt).ids.length;
  };
  return planStoppably(rows, { ...options, sampler, lengthOf, ...(placeOf && { placeOf }) }, signal);
}

/** Optimiser steps of a plan: batches are accumulated within an epoch, and an epoch's last update may average fewer. */
export function updatesOf(plan: BatchPlan, { accumulation, maxSteps }: TrainOptions): number {
  const updates = plan.stepsOfEpoch.reduce((sum, batches) => sum + Math.ceil(batches / accumulation), 0);
  return Math.min(updates, maxSteps ?? Infinity);
}
