// A folder that appears when it is whole: it is filled under a temporary name and renamed, or, where the folder is already there
// (with checkpoints in it, say), its entries are moved in, config.json last, so that nothing loads while it is half there.

import { joinPath, type Files } from "@attune/core";
import { isWeightFile } from "./base-files.ts";
import { folderError } from "./model-folder.ts";

const ENTRY = "config.json";

/** Always the same, so that what a killed process left behind is replaced, not added to. */
const TEMPORARY = ".writing.tmp";

/** Calls `fill` with a temporary folder and publishes what it holds as `folder`; when `fill` fails, nothing is left behind. */
export async function publishFolder(files: Files, folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const status = await files.status(folder);
  if (status?.kind === "file") throw folderError(folder, "is a file, not a folder", "choose another output folder");
  const temporary = status ? joinPath(folder, TEMPORARY) : `${folder.replace(/\/+$/, "")}${TEMPORARY}`;
  try {
    await files.remove(temporary);
    await files.makeFolder(temporary);
    await fill(temporary);
    if (status) await moveInto(files, temporary, folder);
    else await files.rename(temporary, folder);
  } finally {
    await files.remove(temporary);
  }
}

async function moveInto(files: Files, temporary: string, folder: string): Promise<void> {
  await files.remove(joinPath(folder, ENTRY));
  // Weights of before under other names (one file, shards, their index) would be read together with the new ones.
  const stale = (await files.list(folder)).filter(isWeightFile);
  for (const name of stale) await files.remove(joinPath(folder, name));
  const names = (await files.list(temporary)).filter((name) => name !== ENTRY);
  for (const name of [...names, ENTRY]) {
    const target = joinPath(folder, name);
    if ((await files.status(target))?.kind === "folder") await files.remove(target);
    await files.rename(joinPath(temporary, name), target);
  }
}
