// The files that are read with a model: what has to stay as it is for a folder to be the same model. Cards, logs, results and a second form of the weights
// are no part of it, and neither are folders that modules.json does not name.

import { joinPath, type Files } from "@attune/core";
import { configFiles, tokenizerFiles } from "./base-files.ts";
import { weightNames } from "./find-weights.ts";
import { readModuleList } from "./read-modules.ts";
import { settingsFiles } from "./transformer-folder.ts";

/** Beside weights. Every form of a vocabulary counts, whichever a tokenizer was read from; texts have no chats. */
const names: ReadonlySet<string> = new Set(
  [...configFiles, ...settingsFiles, ...tokenizerFiles].filter((name) => name !== "chat_template.jinja"),
);

/**
 * Paths of the files that are read with the model of a folder and its modules, relative to the folder, sorted. E_MODEL_FOLDER for a modules.json and
 * E_SAFETENSORS_INDEX for an index of weights that cannot be read.
 */
export async function modelFiles(files: Files, folder: string): Promise<string[]> {
  const modules = (await readModuleList(files, folder)) ?? [];
  const paths: string[] = [];
  for (const module of new Set(["", ...modules.map(({ path }) => path)])) {
    for (const name of await namesIn(files, joinPath(folder, module))) paths.push(joinPath(module, name));
  }
  return paths.sort();
}

/** The folder of a module that only normalises is often lost on the way. */
async function namesIn(files: Files, folder: string): Promise<string[]> {
  if ((await files.status(folder))?.kind !== "folder") return [];
  const weights = await weightNames(files, folder);
  return [...(await files.list(folder)).filter((name) => names.has(name)), ...weights];
}
