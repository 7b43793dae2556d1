// Every checkpoint of a training measured by one evaluator: the model is loaded once, and each checkpoint's weights are put into it.

import { AttuneError, baseName, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { listCheckpoints, restoreWeights } from "@attune/train";
import { z } from "zod";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { RECORD } from "../training/output-folder.ts";
import { measureSubject, tellNotes } from "./measure-model.ts";
import type { Measurement } from "./measure-model.ts";
import { openSubject } from "./subject.ts";

export interface MeasuredStep {
  readonly step: number;
  readonly checkpoint: string;
  readonly measurement: Measurement;
}

export interface CheckpointObserver {
  onProgress(step: number, texts: number): void;
  measured(step: MeasuredStep): void;
}

/** A model, and the tokens of a text where they are not those of its folder. */
export interface TrainedLayout {
  readonly model: string;
  readonly maxLength?: number | undefined;
}

/**
 * The model whose layout the checkpoints of a training have: the finished one in its folder, else the base that attune.json names, with the length
 * that it is trained with. E_NO_FILE for a folder that is not there, E_NO_RUN for one that is no training, or has no checkpoint.
 */
export async function modelOfTraining(files: Files, output: string): Promise<TrainedLayout> {
  if ((await files.status(output))?.kind !== "folder")
    throw new AttuneError({ code: "E_NO_FILE", place: output, problem: "does not exist", hint: "give the --output of attune train" });
  if ((await listCheckpoints(files, output)).length === 0)
    throw new AttuneError({
      code: "E_NO_RUN",
      place: output,
      problem: "holds no checkpoints",
      hint: "give the --output of attune train; --save-steps and --keep say which checkpoints stay",
    });
  if (await files.status(joinPath(output, "config.json"))) return { model: output };
  const recorded = recordedLayout.safeParse(await readJson(files, joinPath(output, RECORD)));
  if (recorded.success) return recorded.data;
  throw new AttuneError({ code: "E_NO_RUN", place: output, problem: `has checkpoints, and no ${RECORD} that names their base model` });
}

const recordedLayout = z.object({ model: z.string(), maxLength: z.int().positive().optional() });

/** Undefined for a file that is not there, or damaged. */
async function readJson(files: Files, path: string): Promise<unknown> {
  if (!(await files.status(path))) return undefined;
  try {
    return JSON.parse(await files.readText(path));
  } catch {
    return undefined;
  }
}

/** Oldest first. E_CHECKPOINT for weights that are not those of the model, E_OPTION for a query model of its own. */
export async function measureCheckpoints(
  settings: EvalSettings,
  output: string,
  runtime: Runtime,
  observer: CheckpointObserver,
): Promise<MeasuredStep[]> {
  if (settings.queryModel !== undefined) {
    throw new AttuneError({
      code: "E_OPTION",
      place: "--query-model",
      problem: "does not go with --all-checkpoints: a checkpoint is one model",
    });
  }
  const { files } = runtime.context;
  let step = 0;
  using subject = await openSubject(settings, runtime, (texts) => observer.onProgress(step, texts));
  const measured: MeasuredStep[] = [];
  for (const checkpoint of await listCheckpoints(files, output)) {
    step = Number(baseName(checkpoint).replace(/^\D+/, ""));
    await restoreWeights(files, checkpoint, subject.models.document.parameters).catch((cause: unknown) => {
      throw unfit(checkpoint, settings.model, cause);
    });
    const measurement = await measureSubject(settings, subject, runtime, {});
    if (measured.length === 0) tellNotes(measurement, runtime);
    measured.push({ step, checkpoint, measurement });
    observer.measured(measured.at(-1)!);
  }
  return measured;
}

function unfit(checkpoint: string, model: string, cause: unknown): AttuneError {
  const said = cause instanceof AttuneError ? cause.sentence : String(cause);
  return new AttuneError({ code: "E_CHECKPOINT", place: checkpoint, problem: `does not hold the weights of ${model}: ${said}`, cause });
}
