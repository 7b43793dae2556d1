// A folder that appears when it is whole: it is filled under a temporary name and renamed, or, where the folder is already there
// (with checkpoints in it, say), its entries change places with those of the model of before, config.json leaving first and coming last,
// so that nothing loads while it is half there. What fails goes back; what is killed is settled by the next one that publishes here.

import { joinPath, type Files } from "@attune/core";
import { shapesModel } from "./base-files.ts";
import { folderError } from "./model-folder.ts";

const ENTRY = "config.json";

/** Always the same, so that what a killed process left behind is replaced, not added to. */
const TEMPORARY = ".writing.tmp";

/** Inside of an existing folder. */
interface Places {
  readonly folder: string;
  /** The new model, while all that is in the folder is of before. */
  readonly writing: string;
  /** The new model under another name from when all that was in its way has been put aside: what is in the folder now is new. */
  readonly moving: string;
  /** What has been put aside. */
  readonly previous: string;
}

/**
 * Calls `fill` with a temporary folder and publishes what it holds as `folder`. Other files of an existing folder stay, those of another model
 * go. When something fails, everything is as it was.
 */
export async function publishFolder(files: Files, folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const status = await files.status(folder);
  if (status?.kind === "file") throw folderError(folder, "is a file, not a folder", "choose another output folder");
  if (status) return publishInto(files, folder, fill);
  const temporary = `${folder.replace(/\/+$/, "")}${TEMPORARY}`;
  await prepare(files, temporary, fill, () => files.rename(temporary, folder));
}

/** Fills a folder and lets `publish` take it away; it does not stay where one of the two fails. */
async function prepare(files: Files, temporary: string, fill: (temporary: string) => Promise<void>, publish: () => Promise<void>) {
  try {
    await files.remove(temporary);
    await files.makeFolder(temporary);
    await fill(temporary);
    await publish();
  } catch (error) {
    await files.remove(temporary).catch(() => undefined); // the next one empties it
    throw error;
  }
}

async function publishInto(files: Files, folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const [writing, moving, previous] = [TEMPORARY, ".moving.tmp", ".previous.tmp"].map((name) => joinPath(folder, name));
  const places = { folder, writing, moving, previous };
  await settle(files, places);
  await prepare(files, writing, fill, () => exchange(files, places));
}

/** What a killed process left: a new model that was on its way in comes in, one of before that was on its way out comes back. */
async function settle(files: Files, places: Places): Promise<void> {
  const { folder, moving, previous } = places;
  if (await files.status(moving)) await move(files, entryLast(await files.list(moving)), moving, folder);
  else if (await files.status(previous)) await comeBack(files, places);
  await clear(files, places);
}

async function exchange(files: Files, places: Places): Promise<void> {
  const { folder, writing, moving, previous } = places;
  const fresh = entryLast(await files.list(writing));
  // Weights of before under other names would be read together with the new ones, and so would a vocabulary.
  const old = (await files.list(folder)).filter((name) => shapesModel(name) || fresh.includes(name));
  try {
    await files.makeFolder(previous);
    await move(files, entryLast(old).reverse(), folder, previous);
    await files.rename(writing, moving);
    await move(files, fresh, moving, folder);
  } catch (error) {
    await goBack(files, places, fresh, error);
    throw error;
  }
  // The new model is there whatever happens now; what stays is cleared by the next one.
  await clear(files, places).catch(() => undefined);
}

/** Undoes an exchange, each step from where the next `settle` would know how to go on. */
async function goBack(files: Files, places: Places, fresh: readonly string[], reason: unknown): Promise<void> {
  const { folder, writing, moving, previous } = places;
  try {
    if (await files.status(moving)) {
      const waiting = await files.list(moving);
      await move(files, fresh.filter((name) => !waiting.includes(name)).reverse(), folder, moving);
      await files.rename(moving, writing);
    }
    if (await files.status(previous)) await comeBack(files, places);
    await files.remove(previous);
  } catch {
    const hint = `the model of before is in ${previous}, also in part; writing to this folder again puts it in order`;
    throw folderError(folder, "could be neither replaced nor left as it was", hint, reason);
  }
}

async function comeBack(files: Files, { folder, previous }: Places): Promise<void> {
  await move(files, entryLast(await files.list(previous)), previous, folder);
}

/** In this order a kill in between leaves nothing that looks unfinished. */
async function clear(files: Files, { moving, previous }: Places): Promise<void> {
  await files.remove(previous);
  await files.remove(moving);
}

async function move(files: Files, names: readonly string[], from: string, to: string): Promise<void> {
  for (const name of names) {
    const target = joinPath(to, name);
    // Nothing is there, unless somebody has mended by hand what a kill left behind.
    if ((await files.status(target))?.kind === "folder") await files.remove(target);
    await files.rename(joinPath(from, name), target);
  }
}

function entryLast(names: readonly string[]): string[] {
  return [...names.filter((name) => name !== ENTRY), ...names.filter((name) => name === ENTRY)];
}
