// modules.json and the config of each module, in the layout of sentence-transformers up to 5.3 and in the one since 5.4.

import { joinPath, show, type Files } from "@attune/core";
import { z } from "zod";
import { openWeights } from "./find-weights.ts";
import { readJson, readJsonIfThere } from "./json-file.ts";
import {
  activations,
  folderError,
  poolingModes,
  type Activation,
  type DenseSpec,
  type ModuleSpec,
  type PoolingSpec,
} from "./model-folder.ts";
import { checkTensors } from "./rename-tensors.ts";

const moduleList = z.array(z.object({ path: z.string(), type: z.string() })).min(1);

/** An entry of modules.json. */
export type ModuleEntry = z.output<typeof moduleList>[number];

/** The entries of modules.json in order, or undefined in a plain Hugging Face folder. */
export async function readModuleList(files: Files, folder: string): Promise<ModuleEntry[] | undefined> {
  const path = joinPath(folder, "modules.json");
  const entries = await readJsonIfThere(files, path, moduleList);
  const outside = entries?.find((entry) => /^\/|\\|(^|\/)\.\.(\/|$)/.test(entry.path));
  if (outside) throw folderError(path, `names ${show(outside.path)}, which is not inside the folder`);
  return entries;
}

const readers: Record<string, (files: Files, folder: string) => Promise<ModuleSpec>> = {
  Transformer: async () => ({ type: "transformer" }),
  Pooling: readPooling,
  Dense: readDense,
  // Its folder is empty and often lost on the way, so nothing in it is looked at.
  Normalize: async () => ({ type: "normalize" }),
};

/** Reads one module; E_MODEL_FOLDER names a type that is not known. */
export async function readModule(files: Files, folder: string, entry: ModuleEntry): Promise<ModuleSpec> {
  const name = entry.type.split(".").at(-1)!;
  const place = joinPath(folder, "modules.json");
  if (!entry.type.startsWith("sentence_transformers.")) {
    throw folderError(place, `names ${show(entry.type)}, which is code of its own`, "attune runs no code from model folders");
  }
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (read) return read(files, joinPath(folder, entry.path));
  throw folderError(place, `names the module ${show(entry.type)}, which attune does not know`, `known: ${Object.keys(readers).join(", ")}`);
}

const size = z.int().positive();
const flag = z.boolean().optional();
const mode = z.enum(poolingModes);

/** `pooling_mode` since 5.4, one flag per mode before; the two names of the dimension likewise. */
const poolingConfig = z.object({
  word_embedding_dimension: size.optional(),
  embedding_dimension: size.optional(),
  pooling_mode: z.union([mode, z.array(mode).min(1)]).optional(),
  pooling_mode_cls_token: flag,
  pooling_mode_max_tokens: flag,
  pooling_mode_mean_tokens: flag,
  pooling_mode_mean_sqrt_len_tokens: flag,
  pooling_mode_weightedmean_tokens: flag,
  pooling_mode_lasttoken: flag,
  include_prompt: z.boolean().default(true),
});

/** The flag of sentence-transformers up to 5.3 for each mode. */
export const poolingFlags = {
  cls: "pooling_mode_cls_token",
  mean: "pooling_mode_mean_tokens",
  max: "pooling_mode_max_tokens",
  mean_sqrt_len_tokens: "pooling_mode_mean_sqrt_len_tokens",
  weightedmean: "pooling_mode_weightedmean_tokens",
  lasttoken: "pooling_mode_lasttoken",
} as const;

async function readPooling(files: Files, folder: string): Promise<PoolingSpec> {
  const path = joinPath(folder, "config.json");
  const config = await readJson(files, path, poolingConfig);
  const dimension = config.embedding_dimension ?? config.word_embedding_dimension;
  if (dimension === undefined) throw folderError(path, 'has neither "embedding_dimension" nor "word_embedding_dimension"');
  const flagged = poolingModes.filter((one) => config[poolingFlags[one]] === true);
  const modes = [config.pooling_mode ?? (flagged.length > 0 ? flagged : "mean")].flat();
  return { type: "pooling", modes, includePrompt: config.include_prompt, dimension };
}

const denseConfig = z.object({
  in_features: size,
  out_features: size,
  bias: z.boolean().default(true),
  activation_function: z.string().default(activations.tanh),
  module_input_name: z.string().default("sentence_embedding"),
  module_output_name: z.string().nullish(),
  use_residual: z.boolean().default(false),
});

async function readDense(files: Files, folder: string): Promise<DenseSpec> {
  const path = joinPath(folder, "config.json");
  const config = await readJson(files, path, denseConfig);
  const { in_features: inFeatures, out_features: outFeatures, bias, module_input_name: input } = config;
  if (input !== "sentence_embedding" || (config.module_output_name ?? input) !== input) {
    throw folderError(
      path,
      `maps ${show(input)} to ${show(config.module_output_name ?? input)}`,
      "attune knows Dense on sentence_embedding only",
    );
  }
  if (config.use_residual) throw folderError(path, 'has "use_residual", which attune does not know');
  const activation = (Object.keys(activations) as Activation[]).find((name) => activations[name] === config.activation_function);
  if (!activation) {
    const hint = `known: ${Object.values(activations).join(", ")}`;
    throw folderError(path, `names the activation ${show(config.activation_function)}, which attune does not know`, hint);
  }
  const weights = await openWeights(files, folder);
  const expected = new Map<string, number[]>([["linear.weight", [outFeatures, inFeatures]]]);
  if (bias) expected.set("linear.bias", [outFeatures]);
  checkTensors(weights, expected);
  return { type: "dense", inFeatures, outFeatures, bias, activation, weights };
}
