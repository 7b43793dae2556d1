// A whole training job around the loop: check, load, record, measure, train, save, measure again. Prints nothing.

import { joinPath } from "@attune/core";
import type { Evaluation } from "@attune/evaluation";
import type { TrainResult } from "@attune/train";
import type { LoadedModel } from "@attune/embedding";
import { writeTrainingReport } from "../report/html.ts";
import type { Runtime } from "../runtime.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import { measure } from "./evaluators.ts";
import { expectOutside, inspectOutput, RECORD, REPORT, takeOutput } from "./output-folder.ts";
import type { OutputUse } from "./output-folder.ts";
import { prepareTraining } from "./prepare.ts";
import type { GivenModel, PreparedTraining } from "./prepare.ts";
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

/** A training that has its folder for itself. Disposing it frees the model that was trained, unless that was given, and gives the folder back. */
export interface Job extends AsyncDisposable {
  readonly prepared: PreparedTraining;
  /** There is a checkpoint to continue from. */
  readonly resume: boolean;
  readonly before?: Evaluation;
  /** Frees the model before the job ends. */
  freeModel(): void;
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
  readonly given?: GivenModel;
  readonly observer?: JobObserver;
  /** How messages call a setting: "--batch-size". */
  readonly nameOf?: (setting: string) => string;
}

/** Everything up to the first step. Nothing is written before all input was read and found good; from then on the folder is locked. E_LOCKED. */
export async function beginJob(
  settings: CompleteTrainSettings,
  runtime: Runtime,
  { given, observer, nameOf, ...use }: JobOptions = {},
): Promise<Job> {
  const { files } = runtime.context;
  const plan = await inspectOutput(files, settings.output, use);
  const prepared = await prepareTraining(settings, runtime, { given, nameOf });
  let lock: AsyncDisposable | undefined;
  const freeModel = (): void => {
    if (!given) prepared.loaded.model[Symbol.dispose]();
  };
  const dispose = async (): Promise<void> => {
    freeModel();
    await lock?.[Symbol.asyncDispose]();
  };
  try {
    observer?.prepared?.(prepared);
    if (plan === "anew") expectOutside(settings.output, prepared.inputs);
    lock = await takeOutput(files, settings.output, { plan, use });
    const begun = await (plan === "continue" ? goOn(prepared, runtime, observer) : start(prepared, runtime, observer));
    const locked = { ...begun.prepared, config: { ...begun.prepared.config, lock } };
    return { ...begun, prepared: locked, resume: plan === "continue", freeModel, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

type Begun = Pick<Job, "prepared" | "before">;

async function start(prepared: PreparedTraining, runtime: Runtime, observer?: JobObserver): Promise<Begun> {
  const { files } = runtime.context;
  const { output } = prepared.settings;
  await writeRecord(files, output, prepared.recorded, prepared.record);
  const before = await measureAt("before", prepared, prepared.loaded, runtime, observer);
  if (!before) return { prepared };
  const record = { ...prepared.record, baseline: baselineOf(prepared, before) };
  await writeRecord(files, output, prepared.recorded, record);
  return { prepared: { ...prepared, record }, before };
}

/** The record of the first start stays: this one may yet turn out to be of another training. */
async function goOn(prepared: PreparedTraining, runtime: Runtime, observer?: JobObserver): Promise<Begun> {
  const { files } = runtime.context;
  const { output } = prepared.settings;
  const earlier = await readRecord(files, output);
  const known = reusable(earlier, prepared);
  if (known) observer?.measured?.("before", known);
  const before = known ?? (await measureAt("before", prepared, prepared.loaded, runtime, observer));
  const baseline = before && !known ? baselineOf(prepared, before) : earlier?.baseline;
  const record = { ...prepared.record, ...(baseline && { baseline }) };
  return { prepared: { ...prepared, record }, ...(before && { before }) };
}

/** What attune.json holds of the base model's scores. */
function baselineOf({ evaluation: { report } }: PreparedTraining, { metrics }: Evaluation): NonNullable<RunRecord["baseline"]> {
  const { source, content, evaluator } = report!;
  return { source, ...(content !== undefined && { content }), primary: evaluator.primary, metrics: { ...metrics } };
}

/** The scores of the base model from an earlier start, where they are of the same evaluation on the same content. */
function reusable(earlier: RunRecord | undefined, { evaluation: { report } }: PreparedTraining): Evaluation | undefined {
  const baseline = earlier?.baseline;
  if (!baseline || !report || baseline.source !== report.source || baseline.content !== report.content) return undefined;
  const known = report.evaluator.metrics.every((name) => typeof baseline.metrics[name] === "number");
  return known ? { metrics: baseline.metrics as Record<string, number> } : undefined;
}

/** Everything after the last step: the model is saved, checked and measured; a stopped training is left as it is. Disposes the job. */
export async function finishJob(job: Job, result: TrainResult, runtime: Runtime, observer?: JobObserver): Promise<JobResult> {
  await using _job = job;
  return await saveAndMeasure(job, result, runtime, observer);
}

async function saveAndMeasure(
  { prepared, before, freeModel }: Job,
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
  freeModel(); // one model in memory is enough to measure
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
function cardOf({ settings, recorded, rows, steps: planned }: PreparedTraining, { steps, best, stoppedEarly }: TrainResult) {
  const [loss] = recorded.loss as [string];
  const { batchSize, accumulation, learningRate, seed } = settings;
  return {
    training: {
      rows: rows.trained,
      loss,
      epochs: planned.perEpoch.length,
      steps: stoppedEarly ? `${steps} of ${planned.total}` : steps,
      ...(best && { "best step": `${best.step} (${best.metric} ${best.value.toFixed(3)})` }),
      "batch size": accumulation > 1 ? `${batchSize} x ${accumulation}` : batchSize,
      "learning rate": learningRate,
      seed,
      "all settings": joinPath(".", RECORD),
    },
  };
}
