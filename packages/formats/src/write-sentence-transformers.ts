// Writes a model as sentence-transformers up to 5.3 did: the layout that every version reads. It has no word for pooling modes in another order
// than its flags', so those are written as versions since 5.4 do.
// The folder is published whole (see publish-folder.ts); the tokenizer and config.json are the base model's own bytes.

import { joinPath, type Files } from "@attune/core";
import { configText, copyTokenizer } from "./base-files.ts";
import { modelCard, type CardFacts } from "./model-card.ts";
import {
  activations,
  folderError,
  poolingModes,
  type DenseSpec,
  type ModelFolder,
  type ModuleSpec,
  type PoolingSpec,
} from "./model-folder.ts";
import { publishFolder } from "./publish-folder.ts";
import { poolingFlags } from "./read-modules.ts";
import { writeSafetensors, type TensorToWrite } from "./write-safetensors.ts";

/** A module with its weights as tensors to write. */
export type ModuleToWrite = Exclude<ModuleSpec, DenseSpec> | (Omit<DenseSpec, "weights"> & { readonly weights: Iterable<TensorToWrite> });

/** A model to write; a ModelFolder with base, weights and modules replaced is one. */
export interface ModelToWrite extends Pick<ModelFolder, "maxSeqLength" | "doLowerCase" | "prompts" | "similarity" | "versions"> {
  /** The folder that the tokenizer and, unless given, config.json are copied from. */
  readonly base: string;
  /** config.json of a model that has none in its base folder. The base's own file is better where there is one: JavaScript writes 0.0 as 0. */
  readonly newConfig?: Readonly<Record<string, unknown>>;
  /** The transformer's tensors by the names that its family has without a task's prefix. */
  readonly weights: Iterable<TensorToWrite>;
  readonly modules: readonly ModuleToWrite[];
  readonly defaultPromptName?: string | undefined;
  readonly truncateDimension?: number | undefined;
  readonly card?: CardFacts;
  /** See WriteOptions. */
  readonly maxShardBytes?: number;
}

const classNames = { transformer: "Transformer", pooling: "Pooling", dense: "Dense", normalize: "Normalize" } as const;

/**
 * Writes a model folder. An existing folder keeps its other files; a failed write leaves it as it was. Every version of sentence-transformers
 * reads it, unless pooling modes have another order than cls, max, mean, mean_sqrt_len_tokens, weightedmean, lasttoken: then 5.4 and later do.
 * Errors: E_MODEL_FOLDER (no tokenizer, no config.json, modules in an order that cannot be written), E_SAFETENSORS_…, E_FILE.
 */
export async function writeSentenceTransformers(files: Files, folder: string, model: ModelToWrite): Promise<void> {
  checkModules(folder, model.modules);
  await publishFolder(files, folder, async (temporary) => {
    const weights = [...model.weights];
    await writeSafetensors(files, joinPath(temporary, "model.safetensors"), weights, { maxShardBytes: model.maxShardBytes });
    await files.write(joinPath(temporary, "config.json"), await configText(files, model, weights));
    await copyTokenizer(files, model.base, temporary);
    await writeModules(files, temporary, model.modules);
    await writeSettings(files, temporary, model);
    await files.write(joinPath(temporary, "README.md"), modelCard(describe(model), model.card ?? {}));
  });
}

/** The layout has one transformer, first; who pools has to say how. */
function checkModules(folder: string, modules: readonly ModuleToWrite[]): void {
  const wrong = modules.findIndex((module, i) => (module.type === "transformer") !== (i === 0));
  if (wrong >= 0 || modules.length === 0)
    throw folderError(folder, "cannot be written: its first module, and no other, must be the transformer");
  if (modules.some((module) => module.type === "pooling" && module.modes.length === 0))
    throw folderError(folder, "cannot be written with the pooling modes of an empty list", `known: ${poolingModes.join(", ")}`);
}

async function writeModules(files: Files, folder: string, modules: readonly ModuleToWrite[]): Promise<void> {
  const entries = modules.map((module, idx) => {
    const name = classNames[module.type];
    return { idx, name: String(idx), path: idx === 0 ? "" : `${idx}_${name}`, type: `sentence_transformers.models.${name}` };
  });
  await files.write(joinPath(folder, "modules.json"), json(entries));
  for (const [i, module] of modules.entries()) {
    if (i > 0) await writeModule(files, joinPath(folder, entries[i].path), module);
  }
}

async function writeModule(files: Files, folder: string, module: ModuleToWrite): Promise<void> {
  // A Normalize module is an empty folder; it may get lost in version control, and loaders do without it.
  await files.makeFolder(folder);
  const path = joinPath(folder, "config.json");
  if (module.type === "pooling") await files.write(path, json(poolingConfig(module), 4));
  if (module.type !== "dense") return;
  const { inFeatures, outFeatures, bias, activation, weights } = module;
  const config = { in_features: inFeatures, out_features: outFeatures, bias, activation_function: activations[activation] };
  await files.write(path, json(config));
  // As sentence-transformers writes it: without metadata.
  await writeSafetensors(files, joinPath(folder, "model.safetensors"), weights, { metadata: {} });
}

function poolingConfig({ dimension, modes, includePrompt }: PoolingSpec): object {
  const inOrder = poolingModes.filter((mode) => modes.includes(mode)).join() === modes.join();
  if (!inOrder) return { embedding_dimension: dimension, pooling_mode: modes, include_prompt: includePrompt };
  const flags = Object.entries(poolingFlags).map(([mode, flag]) => [flag, (modes as readonly string[]).includes(mode)]);
  return { word_embedding_dimension: dimension, ...Object.fromEntries(flags), include_prompt: includePrompt };
}

async function writeSettings(files: Files, folder: string, model: ModelToWrite): Promise<void> {
  const lengths = { max_seq_length: model.maxSeqLength ?? null, do_lower_case: model.doLowerCase };
  await files.write(joinPath(folder, "sentence_bert_config.json"), json(lengths));
  const settings = {
    __version__: model.versions,
    prompts: model.prompts,
    default_prompt_name: model.defaultPromptName ?? null,
    similarity_fn_name: model.similarity,
    model_type: "SentenceTransformer",
    // Unknown to older versions, which then give whole embeddings.
    ...(model.truncateDimension !== undefined && { truncate_dim: model.truncateDimension }),
  };
  await files.write(joinPath(folder, "config_sentence_transformers.json"), json(settings));
}

function describe(model: ModelToWrite) {
  const { maxSeqLength, similarity, truncateDimension = Infinity } = model;
  let dimension = 0;
  const said: string[] = [];
  for (const module of model.modules) {
    if (module.type === "pooling") {
      dimension = module.dimension * module.modes.length;
      said.push(`${module.modes.join(" + ")} pooling`);
    } else if (module.type === "dense") {
      dimension = module.outFeatures;
      said.push(`dense with ${module.activation}`);
    } else if (module.type === "normalize") said.push("normalised");
  }
  return { dimension: Math.min(dimension, truncateDimension), maxSeqLength, similarity, modules: said.join(", ") };
}

function json(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent);
}
