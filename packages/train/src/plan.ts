// The batches of a training, planned before it starts: what the loop follows and what a command shows beforehand.

import { planBatches } from "@attune/data";
import type { BatchPlan } from "@attune/data";
import type { TrainConfig, TrainOptions } from "./config.ts";

/** Every batch of every epoch; texts are measured in the tokens that the model will see, for samplers that go by length. */
export function planTraining({ rows, sampler, options, model }: Pick<TrainConfig, "rows" | "sampler" | "options" | "model">): BatchPlan {
  return planBatches(rows, { ...options, sampler, lengthOf: (text) => model.tokenize([text], "").ids.length });
}

/** Optimiser steps of a plan: batches are accumulated within an epoch, and an epoch's last update may average fewer. */
export function updatesOf(plan: BatchPlan, { accumulation, maxSteps }: TrainOptions): number {
  const updates = plan.stepsOfEpoch.reduce((sum, batches) => sum + Math.ceil(batches / accumulation), 0);
  return Math.min(updates, maxSteps ?? Infinity);
}
