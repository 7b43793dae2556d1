// What a written model takes over from the folder that it was made of: config.json and the tokenizer.

import { joinPath, type Files } from "@attune/core";
import { folderError } from "./model-folder.ts";
import type { TensorToWrite } from "./write-safetensors.ts";

/** Everything a tokenizer may consist of; what the base folder has is copied byte for byte. */
export const tokenizerFiles = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "sentencepiece.bpe.model",
  "spiece.model",
  "tokenizer.model",
  "chat_template.jinja",
];

export const configFiles = ["config.json", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"];

/** Whether a file or folder of this name in a model folder is part of the model, as it is written here. */
export function isModelFile(name: string): boolean {
  return shapesModel(name) || name === "README.md";
}

/** Whether a file or folder of this name is read with a model: one of another model beside it would change what it computes. */
export function shapesModel(name: string): boolean {
  return configFiles.includes(name) || tokenizerFiles.includes(name) || isWeightFile(name) || /^\d+_[A-Z][A-Za-z]*$/.test(name);
}

/** One file, shards, or their index. */
function isWeightFile(name: string): boolean {
  return /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(name);
}

/** The names that config.json has for the types of the weights. */
const torchTypes: Readonly<Record<string, string>> = { F32: "float32", F16: "float16", BF16: "bfloat16", F64: "float64" };

/** config.json with the type of the weights as written; only that is changed, so that numbers keep the form that Python gave them. E_MODEL_FOLDER. */
export async function configText(
  files: Files,
  { base, newConfig }: { base: string; newConfig?: Readonly<Record<string, unknown>> },
  weights: readonly TensorToWrite[],
): Promise<string> {
  const path = joinPath(base, "config.json");
  if (!newConfig && !(await files.status(path))) {
    if (await files.status(base)) throw folderError(base, "has no config.json", "give the folder of the base model");
    throw folderError(base, "does not exist any more", "put it back: configuration and tokenizer are copied from it");
  }
  const text = newConfig ? JSON.stringify(newConfig, null, 2) : await files.readText(path);
  const type = torchTypes[weights.find(({ dtype }) => dtype in torchTypes)?.dtype ?? "F32"];
  return text.replaceAll(/("(?:torch_)?dtype"\s*:\s*)"\w+"/g, `$1"${type}"`);
}

/** Copies every tokenizer file byte for byte; E_MODEL_FOLDER when there is none. */
export async function copyTokenizer(files: Files, base: string, folder: string): Promise<void> {
  let copied = 0;
  for (const name of tokenizerFiles) {
    if (!(await files.status(joinPath(base, name)))) continue;
    await files.write(joinPath(folder, name), await files.read(joinPath(base, name)));
    copied++;
  }
  if (copied === 0) throw folderError(base, "has no tokenizer files", "give the folder that holds tokenizer.json");
}
