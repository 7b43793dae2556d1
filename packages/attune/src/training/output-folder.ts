// The output folder: what may be there before a training, and taking it over. Refuses to touch a folder that attune did not make.

import { AttuneError, folderOf, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { listCheckpoints } from "@attune/train";

export interface OutputUse {
  readonly overwrite?: boolean;
  readonly resume?: boolean;
}

/** What is written beside every result. */
export const RECORD = "attune.json";
/** Held by whoever writes to the folder. */
export const LOCK = ".lock";

/**
 * Checks, without changing anything, that a training may write to `output`: E_OUTPUT for a file, a folder that is in use by something else or
 * cannot be written, E_RESUME for a resume without a training. Returns whether there is a checkpoint to continue from.
 */
export async function inspectOutput(
  files: Files,
  output: string,
  { overwrite = false, resume = false }: OutputUse,
): Promise<{ resumable: boolean }> {
  if (overwrite && resume) throw new AttuneError({ code: "E_OPTION", place: "--overwrite and --resume", problem: "cannot both be given" });
  const status = await files.status(output);
  if (status?.kind === "file") throw outputError(output, "is a file, not a folder", "give another --output");
  await expectWritable(files, output);
  const names = status ? (await files.list(output)).filter((name) => name !== LOCK) : [];
  const ours = names.some((name) => name === RECORD || /^\.?checkpoint-/.test(name));
  if (resume) {
    if (!ours)
      throw new AttuneError({
        code: "E_RESUME",
        place: output,
        problem: "holds no training to resume",
        hint: "leave --resume out to start from the beginning",
      });
    return { resumable: (await listCheckpoints(files, output)).length > 0 };
  }
  if (names.length > 0 && !overwrite) {
    const hint = ours ? "--resume continues the training in it, --overwrite starts again" : "give another --output";
    throw outputError(output, "exists and is not empty", hint);
  }
  if (names.length > 0 && !ours)
    throw outputError(output, "was not made by attune, so --overwrite leaves it alone", "give another --output");
  return { resumable: false };
}

/** Makes the folder, emptied unless the training in it goes on. E_LOCKED while another training writes to it. */
export async function takeOutput(files: Files, output: string, { resumable }: { resumable: boolean }): Promise<void> {
  await files.makeFolder(output);
  await using _lock = await files.lock(joinPath(output, LOCK));
  if (!resumable) await emptyFolder(files, output);
}

/** Removes all but the lock, which the caller holds. */
export async function emptyFolder(files: Files, output: string): Promise<void> {
  for (const name of await files.list(output)) if (name !== LOCK) await files.remove(joinPath(output, name));
}

/** Tries a file in the folder, or in the nearest folder above it that exists; nothing stays. */
async function expectWritable(files: Files, output: string): Promise<void> {
  let folder = output;
  let status = await files.status(folder);
  while (!status && folderOf(folder) !== folder) {
    folder = folderOf(folder);
    status = await files.status(folder);
  }
  if (status?.kind === "file") throw outputError(output, `cannot be made: ${folder} is a file`, "give another --output");
  const probe = joinPath(folder, `.attune-${crypto.randomUUID()}`);
  try {
    await files.write(probe, "");
    await files.remove(probe);
  } catch (cause) {
    // Nobody asked for the file that was tried.
    throw outputError(output, cause instanceof AttuneError ? cause.problem : String(cause), "give another --output", cause);
  }
}

function outputError(output: string, problem: string, hint: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_OUTPUT", place: output, problem, hint, cause });
}
