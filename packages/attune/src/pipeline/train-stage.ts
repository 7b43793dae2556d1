// The training of a pipeline: the job of `attune train`, begun or gone on with.

import { joinPath } from "@attune/core";
import type { TrainEvent } from "@attune/train";
import type { Runtime } from "../runtime.ts";
import type { PipelineSettings } from "../settings/pipeline-settings.ts";
import { trainSettings } from "../settings/train-settings.ts";
import { beginJob, finishJob } from "../training/job.ts";
import type { JobObserver } from "../training/job.ts";
import { RECORD } from "../training/output-folder.ts";
import { startTraining } from "../training/prepare.ts";

export interface TrainStageObserver extends JobObserver {
  event(event: TrainEvent): void;
}

/** Trains on `data` into `output`; undefined when it was stopped, with a checkpoint to go on from. */
export async function trainStage(
  settings: PipelineSettings,
  { data, output }: { data: string; output: string },
  runtime: Runtime,
  observer: TrainStageObserver,
): Promise<object | undefined> {
  const { model, maxLength, precision, loss, sampler, plugins, epochs, maxSteps, batchSize, accumulation } = settings;
  const { learningRate, weightDecay, warmup, saveSteps, keep, seed } = settings;
  const numbers = { epochs, maxSteps, batchSize, accumulation, learningRate, weightDecay, warmup, saveSteps, keep, seed };
  const device = runtime.context.backend.name;
  const asked = trainSettings.parse({
    model,
    data,
    output,
    loss,
    sampler,
    maxLength,
    precision,
    device,
    plugins,
    ...numbers,
    eval: false,
    report: false,
  });
  const { files } = runtime.context;
  const begun = (await files.status(joinPath(output, RECORD))) !== undefined;
  if (!begun) await files.remove(output); // a kill between making the folder and its first file
  await using job = await beginJob(asked, runtime, { resume: begun, observer });
  const training = startTraining(job.prepared, runtime, { resume: job.resume });
  for await (const event of training) observer.event(event);
  const { status, steps, seconds, finalLoss } = await finishJob(job, await training.result, runtime, observer);
  return status === "stopped" ? undefined : { steps, seconds, finalLoss };
}
