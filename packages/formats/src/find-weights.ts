// Which file holds the weights of a Hugging Face folder, and a sentence when none that can be read does.

import { joinPath, type Files } from "@attune/core";
import { folderError } from "./model-folder.ts";
import { openPickledWeights } from "./pickled-weights.ts";
import { openSafetensors } from "./safetensors-file.ts";
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

async function noWeights(files: Files, folder: string): Promise<Error> {
  const names = await files.list(folder);
  const problem = "has no model.safetensors or pytorch_model.bin";
  if (names.includes("adapter_config.json")) {
    return folderError(folder, `${problem}: it holds only an adapter`, "merge the adapter into its base model first");
  }
  return folderError(folder, problem, "download the weights or give the folder that holds them");
}
