// The three JSON files that EmbedRAG leaves beside a model. They are whole documents, rewritten after each epoch and with each checkpoint; so a
// resumed training takes its earlier steps from them, up to the one that it resumes from, and needs no offsets.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { StartEvent, StepEvent, Tracker, TrainEvent, TrainResult } from "@attune/train";
import { durationOf, earlierLog, epochLogs, summaryOf } from "./training-log.ts";
import type { StepLog, TrainingSummary } from "./training-log.ts";

const DETAILED = "detailed_training_logs.json";
const LOSSES = "training_losses.json";
const REPORT = "training_summary_report.json";

/** What stays the same from the first event to the last. */
interface Description {
  readonly training_args: Readonly<Record<string, unknown>>;
  readonly model_info: object;
  readonly training_start_time: string;
}

class EmbedragTracker implements Tracker {
  readonly name = "embedrag";
  readonly #files: Files;
  readonly #output: string;
  #description: Description | undefined;
  #steps: StepLog[] = [];
  /** When the last step was done, on the training clock; undefined where that was not seen. */
  #seconds: number | undefined;

  constructor(files: Files, output: string) {
    this.#files = files;
    this.#output = output;
  }

  async onEvent(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "start":
        return this.#begin(event);
      case "step":
        return this.#step(event);
      case "end":
        return this.#end(event.result);
      default:
        return; // EmbedRAG has no evaluations, and nothing to say about checkpoints
    }
  }

  /** Nothing to cut back to; the steps so far are on disk when the checkpoint is. */
  async offsets(): Promise<Record<string, number>> {
    await this.#write();
    return {};
  }

  async #begin({ doneBefore, trainableParameters }: StartEvent): Promise<void> {
    const earlier = doneBefore > 0 ? await this.#readEarlier() : undefined;
    this.#steps = earlier?.step_logs.filter(({ global_step }) => global_step < doneBefore) ?? [];
    this.#seconds = this.#steps.length === doneBefore ? durationOf(this.#steps) : undefined;
    this.#description = {
      training_args: await this.#settings(),
      model_info: modelInfo(trainableParameters),
      training_start_time: earlier?.training_start_time ?? now(),
    };
    await this.#files.remove(joinPath(this.#output, REPORT)); // of an earlier training: this one is not completed
  }

  async #step({ step, epoch, loss, learningRate, seconds }: StepEvent): Promise<void> {
    const last = this.#steps.at(-1);
    const current = epoch + 1;
    if (last && last.epoch < current) await this.#write({ epochs: last.epoch });
    this.#steps.push({
      epoch: current,
      step: last?.epoch === current ? last.step + 1 : 1,
      global_step: step - 1,
      loss: Number.isFinite(loss) ? loss : null,
      learning_rate: learningRate,
      step_duration: this.#seconds === undefined ? null : seconds - this.#seconds,
      timestamp: now(),
    });
    this.#seconds = seconds;
  }

  async #end({ status, seconds }: TrainResult): Promise<void> {
    if (status === "stopped") return this.#write();
    const end = now();
    const summary = summaryOf(this.#steps, seconds);
    await this.#write({ epochs: Infinity, end, summary });
    const { model_info, training_args } = this.#description!;
    await this.#writeJson(REPORT, {
      training_completed: true,
      completion_time: end,
      total_duration_hours: seconds / 3600,
      model_info,
      training_args,
      performance_summary: summary,
      loss_progression: epochLogs(this.#steps).map(({ epoch, avg_loss }) => ({ epoch, avg_loss })),
    });
  }

  /** `epochs`: so many are complete; those before the last step's, unless told otherwise. */
  async #write({
    epochs,
    end = null,
    summary = null,
  }: { epochs?: number; end?: string | null; summary?: TrainingSummary | null } = {}): Promise<void> {
    if (!this.#description) return;
    const complete = epochs ?? (this.#steps.at(-1)?.epoch ?? 0) - 1;
    const epoch_logs = epochLogs(this.#steps.filter(({ epoch }) => epoch <= complete));
    const { training_start_time, ...description } = this.#description;
    await this.#writeJson(DETAILED, {
      ...description,
      step_logs: this.#steps,
      epoch_logs,
      training_start_time,
      training_end_time: end,
      training_summary: summary,
    });
    await this.#writeJson(
      LOSSES,
      epoch_logs.map(({ epoch, avg_loss }) => ({ epoch, loss: avg_loss })),
    );
  }

  async #writeJson(name: string, value: unknown): Promise<void> {
    await this.#files.write(joinPath(this.#output, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async #readEarlier() {
    const path = joinPath(this.#output, DETAILED);
    const value = await this.#readJson(path);
    if (value === undefined) return undefined;
    const parsed = earlierLog.safeParse(value);
    if (parsed.success) return parsed.data;
    const { path: at, message } = parsed.error.issues[0];
    throw new AttuneError({
      code: "E_LAYOUT",
      place: path,
      problem: `is no log to go on with (${at.join(".")}: ${message})`,
      hint: "move it away",
    });
  }

  /** attune.json, where the training has one: every setting with its resolved value. */
  async #settings(): Promise<Record<string, unknown>> {
    const { record: _met, ...settings } = ((await this.#readJson(joinPath(this.#output, "attune.json"))) ?? {}) as Record<string, unknown>;
    return settings;
  }

  /** Undefined where there is no file. */
  async #readJson(path: string): Promise<unknown> {
    if (!(await this.#files.status(path))) return undefined;
    try {
      return JSON.parse(await this.#files.readText(path));
    } catch (cause) {
      throw new AttuneError({ code: "E_LAYOUT", place: path, problem: "is not valid JSON", hint: "move it away", cause });
    }
  }
}

/** Every parameter is trained: adapters and quantised weights, which EmbedRAG would tell of here, are not part of a training. */
function modelInfo(parameters: number): object {
  return {
    finetune_type: "full",
    quantization_bits: null,
    total_parameters: parameters,
    trainable_parameters: parameters,
    trainable_percentage: 100,
    lora_config: null,
  };
}

function now(): string {
  return new Date().toISOString();
}

/**
 * Writes `detailed_training_logs.json`, `training_losses.json` and, once the training is complete, `training_summary_report.json` into `output`,
 * with the fields of EmbedRAG's train.py. After a resume no step is there twice.
 */
export function embedragTracker(files: Files, output: string): Tracker {
  return new EmbedragTracker(files, output);
}
