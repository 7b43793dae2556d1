// Which file holds the weights of a Hugging Face folder, and a sentence when none that can be read does.

import { joinPath, type Files } from "@attune/core";
import { folderError } from "./model-folder.ts";
import { openPickledWeights } from "./pickled-weights.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { shardNames } from "./shards.ts";
import type { SafetensorsFile } from "./weights-file.ts";

/** Safetensors first: a pickle beside them holds the same. */
const readers = [
  ["model.safetensors", openSafetensors],
  ["model.safetensors.index.json", openSafetensors],
  ["pytorch_model.bin", openPickledWeights],
  ["pytorch_model.bin.index.json", openPickledWeights],
] as const;

/**
 * `model.safetensors`, else `pytorch_model.bin`, or the shards that the index of either names. E_MODEL_FOLDER when there is none,
 * E_SAFETENSORS_… or E_PICKLE_… when one is damaged.
 */
export async function openWeights(files: Files, folder: string): Promise<SafetensorsFile> {
  for (const [name, open] of readers) {
    const path = joinPath(folder, name);
    if (await files.status(path)) return open(files, path);
  }
  throw await noWeights(files, folder);
}

/** Names of the files that `openWeights` reads, an index before its shards; none where there are no weights. E_SAFETENSORS_INDEX for a damaged index. */
export async function weightNames(files: Files, folder: string): Promise<string[]> {
  for (const [name] of readers) {
    const path = joinPath(folder, name);
    if (!(await files.status(path))) continue;
    if (!name.endsWith(".index.json")) return [name];
    return [name, ...(await shardNames(files, path, name.startsWith("model.") ? ".safetensors" : ".bin"))];
  }
  return [];
}

async function noWeights(files: Files, folder: string): Promise<Error> {
  const problem = "has no model.safetensors or pytorch_model.bin";
  if (await isAdapter(files, folder)) return onlyAdapter(folder, problem);
  return folderError(folder, problem, "download the weights or give the folder that holds them");
}

/** Whether PEFT wrote an adapter into a folder; the files of its base model may be beside it. */
export async function isAdapter(files: Files, folder: string): Promise<boolean> {
  return (await files.status(joinPath(folder, "adapter_config.json"))) !== undefined;
}

/** E_MODEL_FOLDER about a folder with an adapter that lacks something of the base model. */
export function onlyAdapter(folder: string, problem: string): Error {
  return folderError(folder, `${problem}: it holds only an adapter`, "merge the adapter into its base model first");
}
