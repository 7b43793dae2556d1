// Facts about a model folder: read from its files, without computing anything. What cannot be used is said, not thrown, as far as it can be read.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { modelKind, readCrossEncoder, readSentenceTransformers } from "@attune/formats";
import type { ModelFolder, ModelKind, SafetensorsFile } from "@attune/formats";
import { createEncoder, familyOf } from "@attune/nn";
import type { ModelFamily } from "@attune/nn";
import { createNullBackend, Engine } from "@attune/tensor";
import { loadTokenizer } from "@attune/tokenization";

export interface ModelFacts {
  readonly kind: ModelKind;
  readonly folder: string;
  readonly modelType: string | undefined;
  readonly architecture: string | undefined;
  readonly layers?: number | undefined;
  readonly hiddenSize?: number | undefined;
  readonly heads?: number | undefined;
  readonly maxLength?: number | undefined;
  /** Of the embedding, after all modules. */
  readonly dimension?: number | undefined;
  /** "mean pooling", "dense 384 -> 128 (tanh)", "normalize" */
  readonly modules?: readonly string[];
  readonly similarity?: string;
  readonly prompts?: Readonly<Record<string, string>>;
  readonly defaultPrompt?: string | undefined;
  readonly labels?: readonly string[];
  readonly weights?: WeightFacts;
  readonly tokenizer?: TokenizerFacts;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** What attune can do with it. */
  readonly commands: readonly string[];
  readonly problems: readonly string[];
}

export interface WeightFacts {
  readonly files: readonly string[];
  readonly tensors: number;
  readonly parameters: number;
  /** Type -> number of values. */
  readonly types: Readonly<Record<string, number>>;
  readonly missing: readonly string[];
  readonly leftOver: readonly string[];
  readonly misshapen: readonly string[];
}

export interface TokenizerFacts {
  readonly type: string;
  readonly vocabulary: number;
  readonly addedTokens: number;
  readonly lowerCases: boolean;
  readonly maxLength: number | undefined;
}

type Partial_<T> = { -readonly [K in keyof T]?: T[K] };

/** Reads what a folder says. E_MODEL_FOLDER where it is none. */
export async function inspectModel(files: Files, folder: string, families: readonly ModelFamily[]): Promise<ModelFacts> {
  const kind = await modelKind(files, folder);
  const problems: string[] = [];
  const attempt = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AttuneError)) throw error;
      problems.push([error.sentence, error.hint].filter(Boolean).join("; "));
      return undefined;
    }
  };
  const listed = await filesOf(files, folder);
  const read = await attempt<Source>(() => (kind === "embedding" ? readEmbedding(files, folder) : readReranker(files, folder)));
  const found: Partial_<ModelFacts> = { ...read?.facts };
  const tokenizer = await attempt(() => tokenizerFacts(files, read?.transformerFolder ?? folder));
  if (read) {
    const compared = await attempt(async () => compareWeights(read, families));
    found.weights = { ...countWeights(read.weights), missing: [], leftOver: [], misshapen: [], ...compared };
    const { missing, leftOver, misshapen } = found.weights;
    if (missing.length + leftOver.length + misshapen.length > 0) problems.push("the weights are not those that config.json describes");
  }
  const able = problems.length === 0;
  const embeds = ["encode", "train", "eval", "mine", "score"];
  return {
    kind,
    folder,
    modelType: undefined,
    architecture: undefined,
    ...found,
    ...(tokenizer && { tokenizer }),
    files: listed,
    commands: able ? (kind === "embedding" ? embeds : ["rerank", "score", "eval"]) : [],
    problems,
  };
}

interface Source {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: SafetensorsFile;
  readonly transformerFolder: string;
  /** A classifier has a head that the encoder does not know. */
  readonly head: boolean;
  readonly facts: Partial_<ModelFacts>;
}

async function readEmbedding(files: Files, folder: string): Promise<Source> {
  const read = await readSentenceTransformers(files, folder);
  const { config, weights, transformerFolder, similarity, prompts, defaultPromptName, maxSeqLength } = read;
  const facts = {
    ...configFacts(config),
    maxLength: maxSeqLength,
    modules: read.modules.map(moduleName).filter((name) => name !== ""),
    dimension: dimensionOf(read),
    similarity,
    prompts,
    defaultPrompt: defaultPromptName,
  };
  return { config, weights, transformerFolder, head: false, facts };
}

async function readReranker(files: Files, folder: string): Promise<Source> {
  const { config, weights, maxSeqLength, labels, prompts } = await readCrossEncoder(files, folder);
  return {
    config,
    weights,
    transformerFolder: folder,
    head: true,
    facts: { ...configFacts(config), maxLength: maxSeqLength, labels, prompts },
  };
}

function configFacts(config: Readonly<Record<string, unknown>>): Partial_<ModelFacts> {
  const number = (...keys: string[]): number | undefined => keys.map((key) => config[key]).find((value) => typeof value === "number");
  const architectures = config.architectures as string[] | undefined;
  return {
    modelType: typeof config.model_type === "string" ? config.model_type : undefined,
    architecture: architectures?.[0],
    layers: number("num_hidden_layers", "n_layers", "n_layer"),
    hiddenSize: number("hidden_size", "dim", "d_model"),
    heads: number("num_attention_heads", "n_heads", "n_head"),
  };
}

function moduleName(module: ModelFolder["modules"][number]): string {
  switch (module.type) {
    case "transformer":
      return "";
    case "pooling":
      return `${module.modes.join(" + ")} pooling${module.includePrompt ? "" : " without the prompt"}`;
    case "dense":
      return `dense ${module.inFeatures} -> ${module.outFeatures}${module.activation === "identity" ? "" : ` (${module.activation})`}`;
    case "normalize":
      return "normalize";
    default:
      return module satisfies never;
  }
}

function dimensionOf({ modules, truncateDimension }: ModelFolder): number | undefined {
  let size: number | undefined;
  for (const module of modules) {
    if (module.type === "pooling") size = module.dimension * module.modes.length;
    if (module.type === "dense") size = module.outFeatures;
  }
  return size === undefined ? truncateDimension : Math.min(size, truncateDimension ?? size);
}

function countWeights(weights: SafetensorsFile): Pick<WeightFacts, "files" | "tensors" | "parameters" | "types"> {
  const types: Record<string, number> = {};
  for (const name of weights.names) {
    const { dtype, shape } = weights.info(name);
    types[dtype] = (types[dtype] ?? 0) + shape.reduce((product, length) => product * length, 1);
  }
  const parameters = Object.values(types).reduce((sum, values) => sum + values, 0);
  return { files: weights.paths, tensors: weights.names.length, parameters, types };
}

/** Compares the weights with what the architecture needs; no memory is taken for them. E_MODEL_TYPE, E_CONFIG. */
function compareWeights(
  { config, weights, head }: Source,
  families: readonly ModelFamily[],
): Pick<WeightFacts, "missing" | "leftOver" | "misshapen"> {
  const { prefixes, currentName = (name: string) => name } = familyOf(config, families);
  const encoder = createEncoder(new Engine(createNullBackend()), config, families);
  const prefix = prefixes.find((one) => weights.names.some((name) => name.startsWith(one))) ?? "";
  const body = new Map(
    weights.names.filter((name) => name.startsWith(prefix)).map((name) => [currentName(name.slice(prefix.length)), name]),
  );
  const expected = encoder.store.shapes;
  const wrongShapes = [...expected].flatMap(([name, shape]) => {
    const own = body.get(name);
    const got = own === undefined ? shape : weights.info(own).shape;
    return got.join() === shape.join() ? [] : [`${name} is [${got.join(", ")}], config.json says [${shape.join(", ")}]`];
  });
  const strangers = [...body].filter(([name]) => !expected.has(name) && !encoder.isUnused(name)).map(([, name]) => name);
  return {
    missing: [...expected.keys()].filter((name) => !body.has(name)),
    // The head of a cross-encoder, which the encoder does not know; that of a task model is outside of the prefix.
    leftOver: head ? [] : strangers,
    misshapen: wrongShapes,
  };
}

async function tokenizerFacts(files: Files, folder: string): Promise<TokenizerFacts> {
  const { contents, vocabularySize, modelMaxLength, encode } = await loadTokenizer(files, folder);
  const { model, added_tokens: added } = contents.definition;
  const ids = (text: string): string => encode(text).ids.join();
  return {
    type: model.type ?? "WordPiece",
    vocabulary: vocabularySize,
    addedTokens: added.length,
    lowerCases: ids("A") === ids("a") && ids("a") !== ids("b"), // files and settings say it in many ways
    maxLength: modelMaxLength,
  };
}

async function filesOf(files: Files, folder: string): Promise<ModelFacts["files"][number][]> {
  const found: ModelFacts["files"][number][] = [];
  for (const name of (await files.list(folder)).sort()) {
    const status = await files.status(joinPath(folder, name));
    if (status?.kind === "file") found.push({ name, bytes: status.size });
    else if (status)
      for (const inner of await files.list(joinPath(folder, name))) {
        const own = await files.status(joinPath(folder, name, inner));
        if (own?.kind === "file") found.push({ name: `${name}/${inner}`, bytes: own.size });
      }
  }
  return found;
}
