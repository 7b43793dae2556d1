// The output folder: what may be there before a training, and taking it over. Refuses to touch a folder that attune did not make.

import { AttuneError, folderOf, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { isModelFile } from "@attune/formats";
import { listCheckpoints } from "@attune/train";
import { absolutePath } from "#platform";
import { refusalToWrite } from "../writable.ts";

export interface OutputUse {
  readonly overwrite?: boolean;
  readonly resume?: boolean;
}

/** What is written beside every result. */
export const RECORD = "attune.json";
/** What every model folder has. */
const CONFIG = "config.json";
/** Events, a line each. */
export const LOG = "log.jsonl";
/** The HTML report. */
export const REPORT = "report.html";
/** Of the tracker tensorboard, whose curves would mix. */
const RUNS = "runs";
/** Held by whoever writes to the folder. */
export const LOCK = ".lock";

/** What becomes of an output folder: "continue" from a checkpoint, "start" where no training is, start "anew" where one is. */
export type OutputPlan = "continue" | "start" | "anew";

/**
 * Checks, without changing anything, that a training may write to `output`, and says how. E_OUTPUT for a file, a folder that is in use by something
 * else or cannot be written; E_RESUME for a resume without a training, and of one that is finished and has no checkpoint.
 */
export async function inspectOutput(files: Files, output: string, { overwrite = false, resume = false }: OutputUse): Promise<OutputPlan> {
  if (overwrite && resume) throw new AttuneError({ code: "E_OPTION", place: "--overwrite and --resume", problem: "cannot both be given" });
  const status = await files.status(output);
  await expectWritableFolder(files, output);
  const names = status ? (await files.list(output)).filter((name) => name !== LOCK) : [];
  const ours = await isOurs(files, output);
  if (resume) {
    if (!ours) throw resumeError(output, "holds no training to resume", "leave --resume out to start from the beginning");
    if ((await listCheckpoints(files, output)).length > 0) return "continue";
    if (!names.includes(CONFIG)) return "start"; // it ended before its first checkpoint
    throw resumeError(output, "holds a finished model and no checkpoint", "--overwrite starts again, or give another --output");
  }
  if (names.length === 0) return "start";
  if (!overwrite) {
    const hint = ours ? "--resume continues the training in it, --overwrite starts again" : "give another --output";
    throw outputError(output, "exists and is not empty", hint);
  }
  if (!ours) throw outputError(output, "was not made by attune, so --overwrite leaves it alone", "give another --output");
  return "anew";
}

/**
 * Makes the folder as it was planned, and locks it until the lock is disposed. E_LOCKED while another training writes to it; E_OUTPUT where
 * one has done so since the plan was made.
 */
export async function takeOutput(
  files: Files,
  output: string,
  { plan, use }: { readonly plan: OutputPlan; readonly use: OutputUse },
): Promise<AsyncDisposable> {
  await files.makeFolder(output);
  const lock = await files.lock(joinPath(output, LOCK));
  try {
    if ((await inspectOutput(files, output, use)) !== plan)
      throw outputError(output, "was written to by another training meanwhile", "look at what is there, and repeat the command");
    if (plan === "anew") await removeTraining(files, output);
    if (plan === "start") for (const name of [LOG, RUNS]) await files.remove(joinPath(output, name)); // of a start that came to nothing
    return lock;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** E_OUTPUT where the folder is, or holds, something that is read: it would be gone before it is needed. */
export function expectOutside(output: string, read: readonly string[]): void {
  const within = `${absolutePath(output)}/`;
  const lost = read.find((path) => `${absolutePath(path)}/`.startsWith(within));
  if (lost === undefined) return;
  throw outputError(output, `cannot be overwritten: ${lost} is read`, "give another --output");
}

/** Removes what an earlier training has written; what somebody else has put there stays. */
async function removeTraining(files: Files, output: string): Promise<void> {
  const written = (name: string): boolean => [LOG, REPORT, RUNS].includes(name) || /^\.?checkpoint-\d/.test(name) || isModelFile(name);
  for (const name of await files.list(output)) if (name !== RECORD && written(name)) await files.remove(joinPath(output, name));
  await files.remove(joinPath(output, RECORD)); // last: without it, what a kill leaves here would be taken for somebody else's
}

/** A configuration may have the name of the record, and lie beside anything. */
async function isOurs(files: Files, output: string): Promise<boolean> {
  const path = joinPath(output, RECORD);
  if (!(await files.status(path))) return false;
  try {
    return typeof (JSON.parse(await files.readText(path)) as { record?: unknown }).record === "object";
  } catch {
    return false;
  }
}

/** Tries a file in the folder, or in the nearest folder above it that exists; nothing stays. E_OUTPUT where none can be written. */
export async function expectWritableFolder(files: Files, output: string, flag = "--output"): Promise<void> {
  const hint = `give another ${flag}`;
  let folder = output;
  let status = await files.status(folder);
  if (status?.kind === "file") throw outputError(output, "is a file, not a folder", hint);
  while (!status && folderOf(folder) !== folder) {
    folder = folderOf(folder);
    status = await files.status(folder);
  }
  if (status?.kind === "file") throw outputError(output, `cannot be made: ${folder} is a file`, hint);
  const refusal = await refusalToWrite(files, joinPath(folder, ".attune"));
  if (refusal) throw outputError(output, refusal.problem, hint, refusal.cause);
}

function resumeError(place: string, problem: string, hint: string): AttuneError {
  return new AttuneError({ code: "E_RESUME", place, problem, hint });
}

function outputError(output: string, problem: string, hint: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_OUTPUT", place: output, problem, hint, cause });
}
