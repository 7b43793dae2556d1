// A checkpoint is a folder: weights, optimiser state, and where the training stands. Written under a temporary name, synced, renamed:
// there is a whole one or none.

import { AttuneError, joinPath, show } from "@attune/core";
import type { Files } from "@attune/core";
import { openSafetensors, writeSafetensors } from "@attune/formats";
import type { SafetensorsFile } from "@attune/formats";
import type { Optimizer } from "@attune/optim";
import type { Parameter, Tensor } from "@attune/tensor";
import { z } from "zod";

const stateSchema = z.object({
  version: z.literal(1),
  /** Optimiser steps done. */
  step: z.number().int().min(0),
  /** Optimiser steps applied: the others were not finite. */
  applied: z.number().int().min(0),
  /** The batch to go on with. */
  cursor: z.object({ epoch: z.number().int().min(0), batch: z.number().int().min(0) }),
  /** Of the training rows. */
  fingerprint: z.string(),
  rows: z.number().int(),
  /** What must be the same for a resume to be exact. */
  settings: z.record(z.string(), z.unknown()),
  backend: z.string(),
  /** Bytes of each log at this step. */
  logs: z.record(z.string(), z.number()),
  /** Training time so far. */
  seconds: z.number(),
  /** Steps in a row, up to this one, that were not applied. */
  skippedInARow: z.number().int().min(0).default(0),
  /** Of this step; null where it is not finite or not known. */
  loss: z.number().nullable().default(null),
  /** The step that was evaluated last. */
  evaluated: z.number().int().optional(),
  /** The best evaluation so far. */
  best: z.object({ metric: z.string(), step: z.number().int(), value: z.number(), since: z.number().int() }).optional(),
});
export type CheckpointState = z.output<typeof stateSchema>;

export interface Trained {
  readonly parameters: readonly Parameter[];
  readonly optimizer: Optimizer;
}

const PREFIX = "checkpoint-";

/** Writes `output/checkpoint-<step>` and returns its path. Awaits the device. */
export async function writeCheckpoint(
  files: Files,
  output: string,
  { parameters, optimizer }: Trained,
  state: Omit<CheckpointState, "version" | "applied">,
): Promise<string> {
  const folder = checkpointFolder(output, state.step);
  const temporary = joinPath(output, `.${PREFIX}${state.step}.partial`);
  await files.remove(temporary);
  await files.makeFolder(temporary);
  try {
    await writeSafetensors(
      files,
      joinPath(temporary, "model.safetensors"),
      parameters.map((parameter) => record(parameter.name, parameter.value)),
    );
    const moments = [...optimizer.state].flatMap(([name, kinds]) =>
      Object.entries(kinds).map(([kind, tensor]) => record(`${name}.${kind}`, tensor)),
    );
    await writeSafetensors(files, joinPath(temporary, "optimizer.safetensors"), moments);
    const applied = await optimizer.applied.item();
    await files.write(
      joinPath(temporary, "state.json"),
      `${JSON.stringify({ version: 1, ...state, applied } satisfies CheckpointState, null, 2)}\n`,
    );
    await files.remove(folder);
    await files.rename(temporary, folder);
  } catch (error) {
    await files.remove(temporary).catch(() => undefined);
    throw error;
  }
  return folder;
}

/** The checkpoints of an output folder, oldest first. */
export async function listCheckpoints(files: Files, output: string): Promise<string[]> {
  const names = (await files.status(output)) ? await files.list(output) : [];
  const steps = names.flatMap((name) => (/^checkpoint-\d+$/.test(name) ? [Number(name.slice(PREFIX.length))] : []));
  return steps.sort((a, b) => a - b).map((step) => joinPath(output, `${PREFIX}${step}`));
}

/** E_CHECKPOINT when the state file is missing or says nothing that this version understands. */
export async function readCheckpointState(files: Files, folder: string): Promise<CheckpointState> {
  const path = joinPath(folder, "state.json");
  const text = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AttuneError({
      code: "E_CHECKPOINT",
      place: path,
      problem: "is not valid JSON",
      hint: "remove this checkpoint; an older one may be whole",
      cause,
    });
  }
  const parsed = stateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AttuneError({ code: "E_CHECKPOINT", place: `${path} ${issue.path.join(".")}`, problem: issue.message, got: show(value) });
}

/** Brings weights, optimiser state and the count of applied steps back as they were. */
export async function restoreCheckpoint(
  files: Files,
  folder: string,
  { parameters, optimizer }: Trained,
  state: CheckpointState,
): Promise<void> {
  await restoreWeights(files, folder, parameters);
  const moments = await openSafetensors(files, joinPath(folder, "optimizer.safetensors"));
  for (const [name, kinds] of optimizer.state) {
    for (const [kind, tensor] of Object.entries(kinds)) tensor.engine.writeTo(tensor, await valuesOf(moments, `${name}.${kind}`));
  }
  optimizer.applied.engine.writeTo(optimizer.applied, [state.applied]);
}

/** Brings the weights alone back. */
export async function restoreWeights(files: Files, folder: string, parameters: readonly Parameter[]): Promise<void> {
  const weights = await openSafetensors(files, joinPath(folder, "model.safetensors"));
  for (const parameter of parameters) parameter.write(await valuesOf(weights, parameter.name));
}

/** Removes all but the newest `keep` checkpoints and the one of the step `best`. */
export async function pruneCheckpoints(
  files: Files,
  output: string,
  { keep, best }: { keep: number; best?: number | undefined },
): Promise<void> {
  const all = await listCheckpoints(files, output);
  const spared = best === undefined ? undefined : checkpointFolder(output, best);
  for (const folder of all.slice(0, Math.max(0, all.length - keep))) if (folder !== spared) await files.remove(folder);
}

/** Where the checkpoint of a step is, or would be. */
export function checkpointFolder(output: string, step: number): string {
  return joinPath(output, `${PREFIX}${step}`);
}

/** A tensor as it is: engines that compute in double keep their checkpoints so. */
function record(name: string, tensor: Tensor) {
  const dtype = tensor.dtype === "f64" ? ("F64" as const) : ("F32" as const);
  return { name, dtype, shape: [...tensor.shape], data: () => tensor.read() };
}

/** Values as `record` wrote them. */
async function valuesOf(file: SafetensorsFile, name: string): Promise<Float32Array | Float64Array> {
  return file.info(name).dtype === "F64" ? ((await file.read(name)).data as Float64Array) : file.readF32(name);
}
