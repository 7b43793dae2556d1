// The golden BERT: its weights in an encoder, its texts as one packed batch, and ways to run it.

import { createReferenceBackend, Engine, uploadTokens } from "@attune/tensor";
import type { PackedTokens } from "@attune/tensor";
import { bertFamily } from "../src/bert.ts";
import type { Encoder, ForwardOptions } from "../src/model.ts";
import { readGolden, readTensors } from "./golden.ts";

const weights = readTensors("models/bert/model.safetensors");

/** Its config.json. */
export const config = readGolden<Record<string, unknown>>("models/bert/config.json");

/** The expected hidden states and inputs of model-cases/bert. */
export const forward = readTensors("model-cases/bert/forward.safetensors");

/** The golden model on the reference backend; `changes` replace entries of its config. */
export async function goldenBert(
  float: "f32" | "f64",
  changes: Record<string, unknown> = {},
  compute: "f32" | "f64" | "bf16" = float,
): Promise<Encoder> {
  const engine = new Engine(createReferenceBackend(), { float, compute });
  const encoder = bertFamily.create(engine, { ...config, ...changes });
  await encoder.store.load(async (name) => weights.get(name) as Float32Array);
  return encoder;
}

/** Texts given by their ids and, maybe, token types, as one packed batch. */
export function pack(texts: readonly (readonly number[])[], types?: readonly (readonly number[])[]): PackedTokens {
  const cuSeqlens = new Int32Array(texts.length + 1);
  texts.forEach((text, i) => (cuSeqlens[i + 1] = cuSeqlens[i] + text.length));
  return {
    ids: Int32Array.from(texts.flat()),
    ...(types && { typeIds: Int32Array.from(types.flat()) }),
    cuSeqlens,
    maxLength: Math.max(0, ...texts.map((text) => text.length)),
  };
}

/** Hidden states [T C] in inference. */
export async function hiddenOf(encoder: Encoder, tokens: PackedTokens, options?: ForwardOptions): Promise<Float32Array | Float64Array> {
  const { engine } = encoder.store;
  using hidden = engine.scope(() => engine.noGradient(() => encoder.forward(uploadTokens(engine, tokens), options).hidden));
  return (await hidden.read()) as Float32Array;
}

/** Hidden states [T C], and the gradient of ⟨hidden, cotangent⟩ for each parameter that has one. */
export async function backwardOf(encoder: Encoder, tokens: PackedTokens, cotangent: ArrayLike<number>, options?: ForwardOptions) {
  const { engine, parameters } = encoder.store;
  using hidden = engine.scope(() => {
    const output = encoder.forward(uploadTokens(engine, tokens), options).hidden;
    engine.backward(output, { cotangent: engine.from(Array.from(cotangent), output.shape) });
    return output;
  });
  const gradients = new Map<string, ArrayLike<number>>();
  for (const { name, gradient } of parameters) if (gradient) gradients.set(name, await gradient.read());
  return { hidden: await hidden.read(), gradients };
}

const padded = (name: string): number[][] => {
  const lengths = [...forward.get("lengths")!];
  const rows = forward.get(name)!;
  return lengths.map((length, i) => Array.from(rows.subarray((i * rows.length) / lengths.length).subarray(0, length)));
};

/** Ids of each golden text. */
export const goldenIds = padded("input_ids");
/** Token types of each golden text; the last one is a pair. */
export const goldenTypes = padded("token_type_ids");
/** All of them, packed. */
export const goldenTokens = pack(goldenIds, goldenTypes);
