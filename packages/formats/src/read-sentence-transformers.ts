// Reads a sentence-transformers folder of any version, or a plain Hugging Face folder, into one description. Weights are opened, not read.

import { joinPath, show, type Files } from "@attune/core";
import { z } from "zod";
import { openWeights } from "./find-weights.ts";
import { readJsonIfThere } from "./json-file.ts";
import { folderError, similarities, type ModelFolder, type ModuleSpec } from "./model-folder.ts";
import { modelKind } from "./model-kind.ts";
import { readModule, readModuleList } from "./read-modules.ts";
import { readModelConfig, readTextSettings, requireFolder } from "./transformer-folder.ts";

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
  if ((await modelKind(files, folder)) === "cross-encoder") throw scoresPairs(joinPath(folder, "config.json"));
  if (entries && !entries[0].type.endsWith(".Transformer")) {
    throw folderError(
      joinPath(folder, "modules.json"),
      `starts with ${show(entries[0].type)}`,
      "attune knows models that start with a Transformer",
    );
  }
  const transformerFolder = joinPath(folder, entries?.[0].path ?? "");
  const config = await readModelConfig(files, transformerFolder);
  const modules: ModuleSpec[] = [];
  for (const entry of entries ?? []) modules.push(await readModule(files, folder, entry));
  checkSizes(modules, hiddenSize(config), folder);
  return {
    folder,
    transformerFolder,
    config,
    weights: await openWeights(files, transformerFolder),
    modules: entries ? modules : plainModules(config, transformerFolder),
    ...(await readTextSettings(files, transformerFolder, config)),
    ...sentence,
  };
}

function scoresPairs(place: string) {
  return folderError(
    place,
    "describes a cross-encoder, which scores pairs of texts and has no vectors",
    "give a SentenceTransformer model; a cross-encoder is for attune rerank, attune score and attune mine --reranker",
  );
}

async function readSentenceConfig(files: Files, folder: string) {
  const path = joinPath(folder, "config_sentence_transformers.json");
  const config = (await readJsonIfThere(files, path, sentenceConfig)) ?? sentenceConfig.parse({});
  if (config.model_type !== "SentenceTransformer") {
    if (config.model_type === "CrossEncoder") throw scoresPairs(path);
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
