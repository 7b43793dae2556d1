// What EmbedRAG's logs say, field by field, and how epochs and the summary follow from the steps. Names and units are the peer's: scripts that
// draw its logs draw these. A step is an optimiser step here; EmbedRAG counts micro-batches, which are the same without accumulation.

import { z } from "zod";

const stepLog = z.object({
  /** From 1. */
  epoch: z.number(),
  /** Within the epoch, from 1. */
  step: z.number(),
  /** From 0. */
  global_step: z.number(),
  /** Null: not finite, and the step was skipped. */
  loss: z.number().nullable(),
  learning_rate: z.number(),
  /** Seconds; null at the first step of a resumed training whose earlier steps were not logged. */
  step_duration: z.number().nullable(),
  /** ISO 8601. */
  timestamp: z.string(),
});
export type StepLog = z.output<typeof stepLog>;

/** The part of `detailed_training_logs.json` that a resumed training reads back; the rest follows from it. */
export const earlierLog = z.object({ training_start_time: z.string(), step_logs: z.array(stepLog) });

export interface EpochLog {
  readonly epoch: number;
  /** Of the steps whose loss was finite; null where there is none. */
  readonly avg_loss: number | null;
  readonly total_loss: number;
  readonly num_steps: number;
  readonly epoch_duration: number;
  readonly learning_rate: number;
  readonly timestamp: string;
}

export interface TrainingSummary {
  /** Seconds of training, of all its parts. */
  readonly total_training_time: number;
  readonly total_epochs: number;
  readonly total_steps: number;
  /** Of the last epoch. */
  readonly final_loss: number | null;
  /** Of the best epoch. */
  readonly best_loss: number | null;
  readonly avg_step_duration: number | null;
}

/** The epochs that these steps make, in order. */
export function epochLogs(steps: readonly StepLog[]): EpochLog[] {
  return [...Map.groupBy(steps, ({ epoch }) => epoch)].map(([epoch, own]) => {
    const losses = known(own.map(({ loss }) => loss));
    const { learning_rate, timestamp } = own.at(-1)!;
    return {
      epoch,
      avg_loss: mean(losses),
      total_loss: sum(losses),
      num_steps: own.length,
      epoch_duration: sum(known(own.map(({ step_duration }) => step_duration))),
      learning_rate,
      timestamp,
    };
  });
}

export function summaryOf(steps: readonly StepLog[], seconds: number): TrainingSummary {
  const averages = epochLogs(steps).map(({ avg_loss }) => avg_loss);
  const finite = known(averages);
  return {
    total_training_time: seconds,
    total_epochs: averages.length,
    total_steps: steps.length,
    final_loss: averages.at(-1) ?? null,
    best_loss: finite.length > 0 ? Math.min(...finite) : null,
    avg_step_duration: mean(known(steps.map(({ step_duration }) => step_duration))),
  };
}

/** Seconds of all steps. */
export function durationOf(steps: readonly StepLog[]): number {
  return sum(known(steps.map(({ step_duration }) => step_duration)));
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length > 0 ? sum(values) / values.length : null;
}
