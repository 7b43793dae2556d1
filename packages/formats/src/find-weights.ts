// Which file holds the weights of a Hugging Face folder, and a sentence when none that can be read does.

import { joinPath, type Files } from "@attune/core";
import { folderError } from "./model-folder.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.ts";

/** `model.safetensors`, or the shards of `model.safetensors.index.json`. E_MODEL_FOLDER when there is neither, E_SAFETENSORS_… when one is damaged. */
export async function openWeights(files: Files, folder: string): Promise<SafetensorsFile> {
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    const path = joinPath(folder, name);
    if (await files.status(path)) return openSafetensors(files, path);
  }
  throw await noWeights(files, folder);
}

async function noWeights(files: Files, folder: string): Promise<Error> {
  const names = await files.list(folder);
  const problem = "has no model.safetensors";
  if (names.includes("adapter_config.json")) {
    return folderError(folder, `${problem}: it holds only an adapter`, "merge the adapter into its base model first");
  }
  const pickle = names.find((name) => /^pytorch_model.*\.bin(\.index\.json)?$/.test(name));
  if (pickle) return folderError(folder, `${problem}, only ${pickle}`, "save the model as safetensors (safe_serialization=True)");
  return folderError(folder, problem, "download the weights or give the folder that holds them");
}
