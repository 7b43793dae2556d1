// Reads a sentence-transformers folder of any version, or a plain Hugging Face folder, into one description. Weights are opened, not read.

import { joinPath, show, type Files } from "@attune/core";
import { z } from "zod";
import { openWeights } from "./find-weights.ts";
import { readJsonIfThere } from "./json-file.ts";
import { folderError, similarities, type ModelFolder, type ModuleSpec } from "./model-folder.ts";
import { readModule, readModuleList } from "./read-modules.ts";

/** Newest name first; the others are those of sentence-transformers before 1.0. */
const transformerConfigs = ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"].map(
  (name) => `sentence_${name}_config.json`,
);

const modelConfig = z.record(z.string(), z.unknown());

const transformerConfig = z.object({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});

const sentenceConfig = z.object({
  __version__: z.record(z.string(), z.string().nullable()).nullish(),
  model_type: z.string().default("SentenceTransformer"),
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.enum(similarities).nullish(),
  truncate_dim: z.int().positive().nullish(),
});

/**
 * Reads a model folder: modules.json where there is one, mean pooling over the transformer where there is none (as sentence-transformers does).
 * Errors: E_MODEL_FOLDER with the file and the next step, E_SAFETENSORS_… and E_WEIGHTS for damaged weights.
 */
export async function readSentenceTransformers(files: Files, folder: string): Promise<ModelFolder> {
  await requireFolder(files, folder);
  const entries = await readModuleList(files, folder);
  const sentence = await readSentenceConfig(files, folder);
  if (entries && !entries[0].type.endsWith(".Transformer")) {
    throw folderError(
      joinPath(folder, "modules.json"),
      `starts with ${show(entries[0].type)}`,
      "attune knows models that start with a Transformer",
    );
  }
  const transformerFolder = joinPath(folder, entries?.[0].path ?? "");
  const config = await readConfig(files, transformerFolder);
  const modules: ModuleSpec[] = [];
  for (const entry of entries ?? []) modules.push(await readModule(files, folder, entry));
  checkSizes(modules, hiddenSize(config), folder);
  const transformer = await readTransformerConfig(files, transformerFolder);
  return {
    folder,
    transformerFolder,
    config,
    weights: await openWeights(files, transformerFolder),
    modules: entries ? modules : plainModules(config, transformerFolder),
    maxSeqLength: transformer.max_seq_length ?? (await defaultLength(files, transformerFolder, config)),
    doLowerCase: transformer.do_lower_case ?? false,
    ...sentence,
  };
}

async function requireFolder(files: Files, folder: string): Promise<void> {
  const status = await files.status(folder);
  const hint = "give the folder that holds config.json and model.safetensors";
  if (!status) throw folderError(folder, "does not exist", `${hint}; a model of the Hugging Face hub must be downloaded first`);
  if (status.kind === "file") throw folderError(folder, "is a file, not a model folder", hint);
}

async function readConfig(files: Files, folder: string): Promise<Record<string, unknown>> {
  const config = await readJsonIfThere(files, joinPath(folder, "config.json"), modelConfig);
  if (config) return config;
  throw folderError(folder, "has no config.json", "give the folder of a Hugging Face or sentence-transformers model");
}

async function readSentenceConfig(files: Files, folder: string) {
  const path = joinPath(folder, "config_sentence_transformers.json");
  const config = (await readJsonIfThere(files, path, sentenceConfig)) ?? sentenceConfig.parse({});
  if (config.model_type !== "SentenceTransformer") {
    throw folderError(path, `describes a ${config.model_type}, not a model for embeddings`, "give a SentenceTransformer model");
  }
  const prompts = config.prompts ?? {};
  const defaultPromptName = config.default_prompt_name ?? undefined;
  if (defaultPromptName !== undefined && !Object.hasOwn(prompts, defaultPromptName)) {
    const known = Object.keys(prompts).join(", ") || "none";
    throw folderError(path, `has the default prompt ${show(defaultPromptName)}, which is not among its prompts`, `prompts: ${known}`);
  }
  const versions = Object.entries(config.__version__ ?? {}).filter((entry): entry is [string, string] => entry[1] !== null);
  return {
    prompts,
    defaultPromptName,
    similarity: config.similarity_fn_name ?? "cosine",
    truncateDimension: config.truncate_dim ?? undefined,
    versions: Object.fromEntries(versions),
  };
}

async function readTransformerConfig(files: Files, folder: string): Promise<z.output<typeof transformerConfig>> {
  for (const name of transformerConfigs) {
    const config = await readJsonIfThere(files, joinPath(folder, name), transformerConfig);
    if (config) return config;
  }
  return {};
}

/** The smaller one of the tokenizer's limit and the position table; tokenizers without a limit say 1e30. */
async function defaultLength(files: Files, folder: string, config: Record<string, unknown>): Promise<number | undefined> {
  const schema = z.object({ model_max_length: z.number().positive().nullish() });
  const tokenizer = await readJsonIfThere(files, joinPath(folder, "tokenizer_config.json"), schema);
  const limits = [tokenizer?.model_max_length, config.max_position_embeddings].filter(Number.isSafeInteger) as number[];
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** What sentence-transformers makes of a plain Hugging Face folder. */
function plainModules(config: Record<string, unknown>, folder: string): ModuleSpec[] {
  const dimension = hiddenSize(config);
  if (dimension === undefined) throw folderError(joinPath(folder, "config.json"), 'has no "hidden_size"');
  return [{ type: "transformer" }, { type: "pooling", modes: ["mean"], includePrompt: true, dimension }];
}

function hiddenSize(config: Record<string, unknown>): number | undefined {
  const size = config.hidden_size ?? config.dim ?? config.d_model;
  return Number.isSafeInteger(size) ? (size as number) : undefined;
}

/** Each module must take the number of values that the one before it gives. */
function checkSizes(modules: readonly ModuleSpec[], hidden: number | undefined, folder: string): void {
  let size = hidden;
  for (const module of modules) {
    if (module.type !== "pooling" && module.type !== "dense") continue;
    const takes = module.type === "pooling" ? module.dimension : module.inFeatures;
    if (size !== undefined && takes !== size) {
      throw folderError(folder, `has a ${module.type} module that takes ${takes} values, but the module before it gives ${size}`);
    }
    size = module.type === "pooling" ? module.dimension * module.modes.length : module.outFeatures;
  }
}
