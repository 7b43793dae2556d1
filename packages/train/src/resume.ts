// Continuing where a checkpoint stands, after making sure that it is the same training.

import { AttuneError, show } from "@attune/core";
import type { Files } from "@attune/core";
import { listCheckpoints, readCheckpointState, restoreCheckpoint } from "./checkpoint.ts";
import type { CheckpointState, Trained } from "./checkpoint.ts";

export interface Expected {
  readonly fingerprint: string;
  readonly rows: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly backend: string;
  /** How messages call a setting. */
  readonly nameOf?: (setting: string) => string;
}

/**
 * Restores the newest whole checkpoint of `output`; damaged ones are named in a warning and put aside. E_RESUME when there is none, or when data
 * or settings differ; what is wrong with the newest where none is whole. Another backend is only a warning, since the result is then close
 * but not the same bits.
 */
export async function resumeNewest(
  files: Files,
  output: string,
  trained: Trained,
  { expected, warn }: { expected: Expected; warn: (message: string) => void },
): Promise<{ folder: string; state: CheckpointState }> {
  const folders = (await listCheckpoints(files, output)).reverse();
  let first: AttuneError | undefined;
  for (const folder of folders) {
    try {
      const state = await restore(files, folder, trained, { expected, warn });
      return { folder, state };
    } catch (error) {
      if (!isDamage(error)) throw error;
      first ??= error;
      if (folder === folders.at(-1)) throw first;
      // Out of the way: it must not be taken for the newest one again, nor be kept in place of a whole one.
      await files.remove(`${folder}.damaged`);
      await files.rename(folder, `${folder}.damaged`);
      warn(`${folder} is damaged (${error.sentence}) and was renamed to ${folder}.damaged; the checkpoint before it is used`);
    }
  }
  throw new AttuneError({
    code: "E_RESUME",
    place: output,
    problem: "holds no checkpoint to resume from",
    hint: "leave --resume out to start from the beginning",
  });
}

async function restore(
  files: Files,
  folder: string,
  trained: Trained,
  { expected, warn }: { expected: Expected; warn: (message: string) => void },
): Promise<CheckpointState> {
  const state = await readCheckpointState(files, folder);
  expectSame(folder, state, expected);
  await restoreCheckpoint(files, folder, trained, state);
  if (state.backend !== expected.backend) {
    warn(
      `${folder} was made on ${state.backend}, this is ${expected.backend}: the result will be close to an uninterrupted run, not bit for bit the same`,
    );
  }
  return state;
}

/** A file of a checkpoint that is missing, cut or full of something else. */
function isDamage(error: unknown): error is AttuneError {
  return error instanceof AttuneError && /^E_(CHECKPOINT|NO_FILE|FILE|SAFETENSORS)/.test(error.code);
}

function expectSame(folder: string, state: CheckpointState, { fingerprint, rows, settings, nameOf = (key) => key }: Expected): void {
  if (state.fingerprint !== fingerprint) {
    const counts = state.rows === rows ? "the texts or their weights differ" : `${state.rows} rows then, ${rows} now`;
    throw new AttuneError({
      code: "E_RESUME",
      place: folder,
      problem: `was made from other data (${counts})`,
      hint: "--overwrite starts again with the new data",
    });
  }
  for (const key of new Set([...Object.keys(settings), ...Object.keys(state.settings)])) {
    const [then, now] = [JSON.stringify(state.settings[key]), JSON.stringify(settings[key])];
    if (then === now) continue;
    throw new AttuneError({
      code: "E_RESUME",
      place: folder,
      problem: `was made with another ${nameOf(key)}`,
      expected: shown(state.settings[key]),
      got: shown(settings[key]),
      hint: "give the same value, or --overwrite to start again",
    });
  }
}

function shown(setting: unknown): string {
  return setting === undefined ? "none" : show(setting);
}
