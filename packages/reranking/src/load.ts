// From a model folder to a cross-encoder, and back.

import { AttuneError } from "@attune/core";
import type { Context } from "@attune/core";
import { checkTensors, inModelFolder, readCrossEncoder, renameTensors, writeCrossEncoder } from "@attune/formats";
import type { CrossEncoderFolder, SafetensorsFile, TensorToWrite } from "@attune/formats";
import { familyOf } from "@attune/nn";
import type { ClassificationHead, Encoder, ModelFamily } from "@attune/nn";
import type { Engine } from "@attune/tensor";
import { loadTokenizer } from "@attune/tokenization";
import { CrossEncoder } from "./cross-encoder.ts";

/** How a folder is loaded. */
export interface LoadOptions {
  readonly engine: Engine;
  /** The architectures to choose from. */
  readonly families: readonly ModelFamily[];
  /** Overrides the folder's own limit. */
  readonly maxLength?: number;
}

/** A cross-encoder with what saving it needs: the folder that it came from. */
export interface LoadedCrossEncoder {
  readonly model: CrossEncoder;
  readonly source: CrossEncoderFolder;
  readonly family: ModelFamily;
}

/**
 * Loads a CrossEncoder folder or a Hugging Face folder with a sequence-classification head. Errors: E_MODEL_FOLDER (an embedding model, no head),
 * E_MODEL_TYPE, E_CONFIG, E_WEIGHTS (missing, misshapen or left-over tensors by name), E_SAFETENSORS_…, E_TOKENIZER….
 */
export async function loadCrossEncoder(
  { files, log }: Pick<Context, "files"> & Partial<Pick<Context, "log">>,
  folder: string,
  { engine, families, maxLength }: LoadOptions,
): Promise<LoadedCrossEncoder> {
  const source = await readCrossEncoder(files, folder);
  for (const warning of source.warnings) log?.warn(warning);
  const { family, encoder } = inModelFolder(folder, () => {
    const known = familyOf(source.config, families);
    return { family: known, encoder: known.create(engine, source.config) };
  });
  try {
    const head = headOf(family, encoder, source);
    await fill(encoder, weightsFor(family, head, source));
    const { labels, activation, prompts, defaultPromptName: name } = source;
    const model = new CrossEncoder({
      tokenizer: await loadTokenizer(files, folder),
      encoder,
      head,
      labels,
      activation,
      maxLength: maxLength ?? Math.min(source.maxSeqLength ?? Infinity, encoder.maxPositions),
      ...(name !== undefined && { prompt: prompts[name] }),
      lowerCase: source.doLowerCase,
    });
    return { model, source, family };
  } catch (error) {
    encoder.store[Symbol.dispose]();
    throw error;
  }
}

/** Writes the model so that every version of sentence-transformers loads it; tokenizer and config.json are the base folder's own. E_CLOSED. */
export async function saveCrossEncoder(
  { files }: Pick<Context, "files">,
  folder: string,
  { model, source, family }: LoadedCrossEncoder,
): Promise<void> {
  model.expectOpen();
  const { encoder, head, maxLength } = model.parts;
  const nameInFile = (name: string): string => (head.isOutside(name) ? name : (family.prefixes[0] ?? "") + name);
  await writeCrossEncoder(files, folder, {
    ...source,
    base: source.folder,
    maxSeqLength: maxLength,
    weights: encoder.store.parameters.map((parameter): TensorToWrite => ({
      name: nameInFile(parameter.name),
      dtype: "F32",
      shape: parameter.shape,
      data: async () => Float32Array.from(await parameter.value.read()),
    })),
  });
}

function headOf(family: ModelFamily, encoder: Encoder, { folder, labels, weights }: CrossEncoderFolder): ClassificationHead {
  if (!family.classifier) {
    const problem = `is a ${family.modelTypes[0]} model, whose cross-encoders attune does not know`;
    throw new AttuneError({ code: "E_MODEL_TYPE", place: folder, problem });
  }
  const head = family.classifier(encoder, labels.length);
  if (weights.names.some((name) => head.isOutside(name))) return head;
  throw new AttuneError({
    code: "E_MODEL_FOLDER",
    place: folder,
    problem: "has weights without a classification head, so it cannot score pairs",
    hint: "give a CrossEncoder model; a model that gives vectors is not one",
  });
}

/** The tensors by the names of the encoder's store: the family's prefix goes from all but those of the head that stand outside. */
function weightsFor({ prefixes, currentName = (name) => name }: ModelFamily, head: ClassificationHead, { weights }: CrossEncoderFolder) {
  const inner = (name: string): string => name.slice(prefixes.find((prefix) => name.startsWith(prefix))?.length ?? 0);
  return renameTensors(weights, (name) => (head.isOutside(name) ? name : currentName(inner(name))));
}

async function fill(encoder: Encoder, weights: SafetensorsFile): Promise<void> {
  checkTensors(weights, encoder.store.shapes, (name) => encoder.isUnused(name));
  await encoder.store.load((name) => weights.readF32(name));
}
