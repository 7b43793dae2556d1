// What every kind of model folder has in common: config.json, the tokenizer's limit, the settings of the transformer module.

import { joinPath, type Files } from "@attune/core";
import { z } from "zod";
import { isAdapter, onlyAdapter } from "./find-weights.ts";
import { readJsonIfThere } from "./json-file.ts";
import { folderError } from "./model-folder.ts";

/** Newest name first; the others are those of sentence-transformers before 1.0. */
export const settingsFiles = ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"].map(
  (name) => `sentence_${name}_config.json`,
);

const modelConfig = z.record(z.string(), z.unknown());

const transformerSettings = z.object({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});

/** E_MODEL_FOLDER unless there is a folder. */
export async function requireFolder(files: Files, folder: string): Promise<void> {
  const status = await files.status(folder);
  const hint = "give the folder that holds config.json and model.safetensors";
  if (!status) throw folderError(folder, "does not exist", `${hint}; a model of the Hugging Face hub is named by its id, org/name`);
  if (status.kind === "file") throw folderError(folder, "is a file, not a model folder", hint);
}

/** config.json as it is; E_MODEL_FOLDER when there is none, as in the folder of an adapter. */
export async function readModelConfig(files: Files, folder: string): Promise<Record<string, unknown>> {
  const config = await readJsonIfThere(files, joinPath(folder, "config.json"), modelConfig);
  if (config) return config;
  if (await isAdapter(files, folder)) throw onlyAdapter(folder, "has no config.json");
  throw folderError(folder, "has no config.json", "give the folder of a Hugging Face or sentence-transformers model");
}

/** Length and casing by sentence_bert_config.json, else by tokenizer and position table. */
export async function readTextSettings(
  files: Files,
  folder: string,
  config: Readonly<Record<string, unknown>>,
): Promise<{ maxSeqLength: number | undefined; doLowerCase: boolean }> {
  const settings = await readTransformerSettings(files, folder);
  return {
    maxSeqLength: settings.max_seq_length ?? (await defaultLength(files, folder, config)),
    doLowerCase: settings.do_lower_case ?? false,
  };
}

async function readTransformerSettings(files: Files, folder: string): Promise<z.output<typeof transformerSettings>> {
  for (const name of settingsFiles) {
    const config = await readJsonIfThere(files, joinPath(folder, name), transformerSettings);
    if (config) return config;
  }
  return {};
}

/** The smaller one of the tokenizer's limit and the position table; tokenizers without a limit say 1e30. */
async function defaultLength(files: Files, folder: string, config: Readonly<Record<string, unknown>>): Promise<number | undefined> {
  const schema = z.object({ model_max_length: z.number().positive().nullish() });
  const tokenizer = await readJsonIfThere(files, joinPath(folder, "tokenizer_config.json"), schema);
  const limits = [tokenizer?.model_max_length, config.max_position_embeddings].filter(Number.isSafeInteger) as number[];
  return limits.length > 0 ? Math.min(...limits) : undefined;
}
