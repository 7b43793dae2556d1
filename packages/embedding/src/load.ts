// From a model folder to an embedding model, and back.

import { AttuneError, show } from "@attune/core";
import type { Context } from "@attune/core";
import {
  checkTensors,
  inModelFolder,
  poolingModes,
  readSentenceTransformers,
  renameTensors,
  stripPrefix,
  writeSentenceTransformers,
} from "@attune/formats";
import type {
  CardFacts,
  DenseSpec,
  ModelFolder,
  ModuleSpec,
  ModuleToWrite,
  PoolingMode,
  SafetensorsFile,
  TensorToWrite,
} from "@attune/formats";
import { createEncoder, familyOf } from "@attune/nn";
import type { Encoder, ModelFamily } from "@attune/nn";
import { cls, concatPoolings, dense, last, max, mean, normalize } from "@attune/pooling";
import type { Head, Pooling } from "@attune/pooling";
import { Parameter } from "@attune/tensor";
import type { Engine, LinearActivation, TypedArray } from "@attune/tensor";
import { loadTokenizer } from "@attune/tokenization";
import { EmbeddingModel } from "./model.ts";
import { withEnds } from "./tokenizer-ends.ts";

/** How a folder is loaded. */
export interface LoadOptions {
  readonly engine: Engine;
  /** The architectures to choose from. */
  readonly families: readonly ModelFamily[];
  /** Overrides the folder's own limit. */
  readonly maxLength?: number;
  /** In place of the folder's; a head that is made for another width is E_WIDTH. */
  readonly pooling?: Pooling;
  /** Asked for a pooling that the folder names, `weightedmean` or `mean_sqrt_len_tokens`: the other ones are there. */
  readonly poolingNamed?: (name: string) => Promise<Pooling | undefined>;
  /** Whether texts begin with the tokenizer's token for it; as the folder has it when left out. E_OPTION for a tokenizer without one. */
  readonly addBos?: boolean;
  /** Whether texts end with the tokenizer's token for it; as the folder has it when left out. E_OPTION for a tokenizer without one. */
  readonly addEos?: boolean;
}

/** An embedding model with what saving it needs: the folder that it came from, whose weights bear the names of the encoder. */
export interface LoadedModel {
  readonly model: EmbeddingModel;
  readonly source: ModelFolder;
  /** What the encoder does not use (a pooler), as the folder had it when it was read: it may hold something else by now. */
  readonly unused: readonly TensorToWrite[];
}

/** By their names in a folder. */
const standard: Readonly<Partial<Record<PoolingMode, Pooling>>> = { cls, max, mean, lasttoken: last };

/**
 * Loads a sentence-transformers or Hugging Face folder. Errors: E_MODEL_FOLDER, E_MODEL_TYPE, E_CONFIG, E_WEIGHTS (missing, misshapen or left-over
 * tensors by name), E_SAFETENSORS_…, E_TOKENIZER….
 */
export async function loadEmbeddingModel(
  { files }: Pick<Context, "files">,
  folder: string,
  { engine, families, maxLength, pooling, poolingNamed, addBos, addEos }: LoadOptions,
): Promise<LoadedModel> {
  const read = pooledBy(pooling, await readSentenceTransformers(files, folder));
  const pooled = await poolingOf(read, { pooling, poolingNamed });
  const { family, encoder } = inModelFolder(read.transformerFolder, () => {
    const known = familyOf(read.config, families);
    return { family: known, encoder: createEncoder(engine, read.config, families) };
  });
  const source = { ...read, weights: encoderWeights(read.weights, family) };
  const heads: Head[] = [];
  try {
    await fillEncoder(encoder, source.weights);
    for (const [i, spec] of source.modules.entries()) {
      const head = await headOf(engine, spec, i);
      if (head) heads.push(head);
    }
    const model = new EmbeddingModel({
      tokenizer: withEnds(await loadTokenizer(files, source.transformerFolder), { addBos, addEos }),
      encoder,
      pooling: concatPoolings(pooled.poolings),
      pooledWidth: encoder.hiddenSize * pooled.poolings.length,
      includePrompt: pooled.includePrompt,
      heads,
      maxLength: maxLength ?? Math.min(source.maxSeqLength ?? Infinity, encoder.maxPositions),
      prompts: source.prompts,
      lowerCase: source.doLowerCase,
      ...(source.defaultPromptName !== undefined && { defaultPrompt: source.defaultPromptName }),
      ...(source.truncateDimension !== undefined && { truncateDimension: source.truncateDimension }),
    });
    return { model, source, unused: await readUnused(source.weights, encoder) };
  } catch (error) {
    encoder.store[Symbol.dispose]();
    for (const head of heads) for (const parameter of head.parameters) parameter.dispose();
    throw error;
  }
}

/** The folder as if it named this pooling, which has no modes where sentence-transformers has no name for it. */
function pooledBy(pooling: Pooling | undefined, read: ModelFolder): ModelFolder {
  if (pooling === undefined) return read;
  const modes = poolingModes.filter((mode) => (standard[mode]?.name ?? mode) === pooling.name);
  return { ...read, modules: read.modules.map((spec) => (spec.type === "pooling" ? { ...spec, modes } : spec)) };
}

/** Writes the model in the layout that every version of sentence-transformers reads; tokenizer and config.json are the base folder's own. E_CLOSED. */
export async function saveEmbeddingModel(
  { files }: Pick<Context, "files">,
  folder: string,
  { model, source, unused }: LoadedModel,
  card?: CardFacts,
): Promise<void> {
  model.expectOpen();
  const { encoder, heads, maxLength } = model.parts;
  expectNamed(folder, model, source);
  const remaining = [...heads];
  const modules = source.modules.map((spec): ModuleToWrite => {
    if (spec.type === "dense" || spec.type === "normalize") return moduleToWrite(spec, remaining.shift()!);
    return spec;
  });
  await writeSentenceTransformers(files, folder, {
    ...source,
    base: source.transformerFolder,
    maxSeqLength: maxLength,
    weights: [...encoder.store.parameters.map((parameter) => tensorToWrite(parameter.name, parameter)), ...unused],
    modules,
    ...(card && { card }),
  });
}

/** E_MODEL_FOLDER for a pooling that only attune knows: no folder could tell another tool of it. */
function expectNamed(folder: string, { parts: { pooling } }: EmbeddingModel, { modules }: ModelFolder): void {
  if (!modules.some((spec) => spec.type === "pooling" && spec.modes.length === 0)) return;
  const problem = `cannot hold a model with the pooling ${show(pooling.name)}, which sentence-transformers does not know`;
  throw new AttuneError({ code: "E_MODEL_FOLDER", place: folder, problem });
}

/** The encoder's tensors by the names of the encoder. A task model's prefix goes, and with it the tensors of its head, which have no prefix. */
function encoderWeights(weights: SafetensorsFile, { prefixes, currentName = (name) => name }: ModelFamily): SafetensorsFile {
  const prefix = prefixes.find((one) => weights.names.some((name) => name.startsWith(one)));
  if (prefix === undefined) return renameTensors(weights, currentName);
  const body = { ...weights, names: weights.names.filter((name) => name.startsWith(prefix)) };
  return renameTensors(stripPrefix(body, prefix), currentName);
}

async function fillEncoder(encoder: Encoder, weights: SafetensorsFile): Promise<void> {
  checkTensors(weights, encoder.store.shapes, (name) => encoder.isUnused(name));
  await encoder.store.load((name) => weights.readF32(name), giveBack);
}

/** Frees what was read of a file now, where nothing else looks at it: the collector may leave a model's size of it about. */
function giveBack({ buffer, byteLength }: Float32Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}

async function poolingOf(
  { modules, folder }: ModelFolder,
  { pooling, poolingNamed }: Pick<LoadOptions, "pooling" | "poolingNamed">,
): Promise<{ poolings: readonly Pooling[]; includePrompt: boolean }> {
  const spec = modules.find((module) => module.type === "pooling");
  if (!spec)
    throw new AttuneError({
      code: "E_MODEL_FOLDER",
      place: folder,
      problem: "has no pooling module, so it gives a vector per token, not per text",
    });
  const { includePrompt } = spec;
  if (pooling) return { poolings: [pooling], includePrompt };
  const poolings: Pooling[] = [];
  for (const mode of spec.modes) {
    const named = standard[mode] ?? (await poolingNamed?.(mode));
    if (!named) {
      const hint = "a plugin of kind pooling with this name makes it known";
      throw new AttuneError({
        code: "E_MODEL_FOLDER",
        place: `${folder} pooling`,
        expected: Object.keys(standard).join(" or "),
        got: show(mode),
        hint,
      });
    }
    poolings.push(named);
  }
  return { poolings, includePrompt };
}

async function headOf(engine: Engine, spec: ModuleSpec, position: number): Promise<Head | undefined> {
  if (spec.type === "normalize") return normalize;
  if (spec.type !== "dense") return undefined;
  const made: Parameter[] = [];
  const read = async (name: string, shape: readonly number[]): Promise<Parameter> => {
    const parameter = new Parameter(`${position}_Dense.${name}`, engine.makePersistent(shape, engine.float));
    made.push(parameter);
    parameter.write(await spec.weights.readF32(name));
    return parameter;
  };
  try {
    const weight = await read("linear.weight", [spec.outFeatures, spec.inFeatures]);
    const bias = spec.bias ? await read("linear.bias", [spec.outFeatures]) : undefined;
    const activation: LinearActivation = spec.activation === "identity" ? "none" : spec.activation;
    return dense({ weight, ...(bias && { bias }), activation });
  } catch (error) {
    for (const parameter of made) parameter.dispose();
    throw error;
  }
}

function moduleToWrite(spec: DenseSpec | Extract<ModuleSpec, { type: "normalize" }>, head: Head): ModuleToWrite {
  if (spec.type === "normalize") return spec;
  return { ...spec, weights: head.parameters.map((parameter) => tensorToWrite(parameter.name.replace(/^\d+_Dense\./, ""), parameter)) };
}

/** Tensors that the encoder does not use go back as they were. */
async function readUnused(weights: SafetensorsFile, encoder: Encoder): Promise<TensorToWrite[]> {
  const unused: TensorToWrite[] = [];
  for (const name of weights.names.filter((one) => encoder.isUnused(one))) {
    const { dtype, shape } = weights.info(name);
    const { data } = await weights.read(name);
    unused.push({ name, dtype, shape, data });
  }
  return unused;
}

/** Values as they are stored; those of an engine in double are rounded. */
function asSingle(values: TypedArray): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function tensorToWrite(name: string, parameter: Parameter): TensorToWrite {
  return { name, dtype: "F32", shape: parameter.shape, data: async () => asSingle(await parameter.value.read()) };
}
