// Continuing where a checkpoint stands, after making sure that it is the same training.

import { AttuneError, show } from "@attune/core";
import type { Files } from "@attune/core";
import { listCheckpoints, readCheckpointState, restoreCheckpoint } from "./checkpoint.ts";
import type { CheckpointState, Trained } from "./checkpoint.ts";
import type { Tracker } from "./tracker.ts";

export interface Expected {
  readonly fingerprint: string;
  readonly rows: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly backend: string;
}

/**
 * Restores the newest checkpoint of `output`. E_RESUME when there is none, or when data or settings differ; another backend is only a warning,
 * since the result is then close but not the same bits.
 */
export async function resumeNewest(
  files: Files,
  output: string,
  trained: Trained,
  { expected, trackers, warn }: { expected: Expected; trackers: readonly Tracker[]; warn: (message: string) => void },
): Promise<{ folder: string; state: CheckpointState }> {
  const folder = (await listCheckpoints(files, output)).at(-1);
  if (!folder) {
    throw new AttuneError({
      code: "E_RESUME",
      place: output,
      problem: "holds no checkpoint to resume from",
      hint: "leave --resume out to start from the beginning",
    });
  }
  const state = await readCheckpointState(files, folder);
  expectSame(folder, state, expected);
  await restoreCheckpoint(files, folder, trained, state);
  for (const tracker of trackers) await tracker.truncate?.(state.logs);
  if (state.backend !== expected.backend) {
    warn(
      `${folder} was made on ${state.backend}, this is ${expected.backend}: the result will be close to an uninterrupted run, not bit for bit the same`,
    );
  }
  return { folder, state };
}

function expectSame(folder: string, state: CheckpointState, { fingerprint, rows, settings }: Expected): void {
  if (state.fingerprint !== fingerprint) {
    const counts = state.rows === rows ? "the texts differ" : `${state.rows} rows then, ${rows} now`;
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
      problem: `was made with another ${key}`,
      expected: show(state.settings[key]),
      got: show(settings[key]),
      hint: "give the same value, or --overwrite to start again",
    });
  }
}
