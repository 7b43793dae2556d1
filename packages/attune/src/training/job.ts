// A whole training job around the loop: check, load, record, measure, train, save, measure again. Prints nothing.

import { joinPath } from "@attune/core";
import type { Evaluation } from "@attune/evaluation";
import type { TrainResult } from "@attune/train";
import type { LoadedModel } from "@attune/embedding";
import { REPORT, writeTrainingReport } from "../report/html.ts";
import type { Runtime } from "../runtime.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import { measure } from "./evaluators.ts";
import { inspectOutput, RECORD, takeOutput } from "./output-folder.ts";
import type { OutputUse } from "./output-folder.ts";
import { prepareTraining } from "./prepare.ts";
import type { PreparedTraining } from "./prepare.ts";
import { readRecord, writeRecord } from "./record.ts";
import type { RunRecord } from "./record.ts";
import { saveChecked } from "./save.ts";

export type Moment = "before" | "after";

/** Hears how a job goes. */
export interface JobObserver {
  prepared?(prepared: PreparedTraining): void;
  /** So many texts are embedded. */
  measuring?(moment: Moment, texts: number): void;
  measured?(moment: Moment, evaluation: Evaluation): void;
  saved?(output: string, difference: number): void;
}

export interface Job {
  readonly prepared: PreparedTraining;
  /** There is a checkpoint to continue from. */
  readonly resume: boolean;
  /** The model was given by the caller, who goes on using it. */
  readonly borrowed: boolean;
  readonly before?: Evaluation;
}

/** What a job came to. `metrics` are empty where nothing was evaluated, or not yet. */
export interface JobResult extends TrainResult {
  readonly output: string;
  readonly metrics: { readonly before: Readonly<Record<string, number>>; readonly after: Readonly<Record<string, number>> };
  /** Largest difference between the embeddings of the trained model and of the saved one, loaded again; undefined when stopped. */
  readonly savedDifference: number | undefined;
  /** The HTML report, where one was written. */
  readonly report?: string;
}

export interface JobOptions extends OutputUse {
  /** A model that is loaded already, in place of `settings.model`. */
  readonly given?: LoadedModel;
  readonly observer?: JobObserver;
  /** How messages call a setting: "--batch-size". */
  readonly nameOf?: (setting: string) => string;
}

/** Everything up to the first step. Nothing is written before all input was read and found good. */
export async function beginJob(
  settings: CompleteTrainSettings,
  runtime: Runtime,
  { given, observer, nameOf, ...use }: JobOptions = {},
): Promise<Job> {
  const { context } = runtime;
  const borrowed = given !== undefined;
  const { resumable } = await inspectOutput(context.files, settings.output, use);
  const prepared = await prepareTraining(settings, runtime, { given, nameOf });
  observer?.prepared?.(prepared);
  await takeOutput(context.files, settings.output, { resumable });
  if (resumable) {
    // The record of the first start stays: this one may yet turn out to be of another training.
    const earlier = await readRecord(context.files, settings.output);
    const known = reusable(earlier, prepared);
    if (known) observer?.measured?.("before", known);
    const before = known ?? (await measureAt("before", prepared, prepared.loaded, runtime, observer));
    return {
      prepared: { ...prepared, record: { ...prepared.record, ...(earlier?.baseline && { baseline: earlier.baseline }) } },
      resume: true,
      borrowed,
      ...(before && { before }),
    };
  }
  await writeRecord(context.files, settings.output, prepared.recorded, prepared.record);
  const before = await measureAt("before", prepared, prepared.loaded, runtime, observer);
  if (!before) return { prepared, resume: false, borrowed };
  const record = { ...prepared.record, baseline: { source: prepared.evaluation.report!.source, metrics: before.metrics } };
  await writeRecord(context.files, settings.output, prepared.recorded, record);
  return { prepared: { ...prepared, record }, resume: false, borrowed, before };
}

/** The scores of the base model from an earlier start, where they are of the same evaluation. */
function reusable(earlier: RunRecord | undefined, { evaluation: { report } }: PreparedTraining): Evaluation | undefined {
  const baseline = earlier?.baseline;
  if (!baseline || !report || baseline.source !== report.source) return undefined;
  const known = report.evaluator.metrics.every((name) => typeof baseline.metrics[name] === "number");
  return known ? { metrics: baseline.metrics as Record<string, number> } : undefined;
}

/** Everything after the last step: the model is saved, checked and measured; a stopped training is left as it is. */
export async function finishJob(
  { prepared, borrowed, before }: Job,
  result: TrainResult,
  runtime: Runtime,
  observer?: JobObserver,
): Promise<JobResult> {
  const { output } = prepared.settings;
  const metricsBefore = before?.metrics ?? {};
  if (result.status === "stopped") return { ...result, output, metrics: { before: metricsBefore, after: {} }, savedDifference: undefined };
  const { loaded, difference } = await saveChecked(runtime, output, prepared.loaded, {
    probes: prepared.probes,
    card: cardOf(prepared, result),
  });
  using model = loaded.model;
  if (!borrowed) prepared.loaded.model[Symbol.dispose]();
  observer?.saved?.(output, difference);
  const after = await measureAt("after", prepared, { ...loaded, model }, runtime, observer);
  const report = prepared.settings.report ? joinPath(output, REPORT) : undefined;
  if (report !== undefined) await writeTrainingReport(runtime.context.files, report, { prepared, result, model, before, after });
  const outcome = {
    ...result,
    output,
    metrics: { before: metricsBefore, after: after?.metrics ?? {} },
    savedDifference: difference,
    ...(report !== undefined && { report }),
  };
  const { metrics, steps, seconds, finalLoss, best } = outcome;
  await writeRecord(runtime.context.files, output, prepared.recorded, {
    ...prepared.record,
    result: { steps, seconds, finalLoss, ...(best && { best }), metrics },
  });
  return outcome;
}

async function measureAt(
  moment: Moment,
  { evaluation: { report } }: PreparedTraining,
  { model }: LoadedModel,
  { context }: Runtime,
  observer?: JobObserver,
): Promise<Evaluation | undefined> {
  if (!report) return undefined;
  const measured = await measure(report, model, { signal: context.signal, onProgress: (texts) => observer?.measuring?.(moment, texts) });
  observer?.measured?.(moment, measured);
  return measured;
}

/** What the model card says; the whole truth is in attune.json beside it. */
function cardOf({ settings, recorded, rows }: PreparedTraining, { steps, best }: TrainResult) {
  const [loss] = recorded.loss as [string];
  const { batchSize, learningRate, epochs, seed } = settings;
  return {
    training: {
      rows: rows.trained,
      loss,
      epochs,
      steps,
      ...(best && { "best step": `${best.step} (${best.metric} ${best.value.toFixed(3)})` }),
      "batch size": batchSize,
      "learning rate": learningRate,
      seed,
      "all settings": joinPath(".", RECORD),
    },
  };
}
