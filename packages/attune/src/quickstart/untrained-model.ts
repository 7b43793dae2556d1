// A model folder with weights drawn from a seed: where a training from scratch begins.

import type { Files } from "@attune/core";
import { writeSentenceTransformers } from "@attune/formats";
import { createEncoder } from "@attune/nn";
import { joinPath } from "@attune/core";
import type { Runtime } from "../runtime.ts";

/** Writes a sentence-transformers folder: the transformer of `source`'s config.json, mean pooling, normalised. `source` also has the tokenizer. */
export async function writeUntrainedModel(
  { context: { files }, engine, families }: Runtime,
  folder: string,
  { source, seed }: { source: string; seed: number },
): Promise<void> {
  const config = await readConfig(files, source);
  const encoder = createEncoder(engine, config, families);
  using store = encoder.store;
  store.initialise(seed);
  await writeSentenceTransformers(files, folder, {
    base: source,
    weights: store.parameters.map(({ name, shape, value }) => ({
      name,
      dtype: "F32" as const,
      shape,
      data: async () => Float32Array.from(await value.read()),
    })),
    modules: [
      { type: "transformer" },
      { type: "pooling", modes: ["mean"], includePrompt: true, dimension: encoder.hiddenSize },
      { type: "normalize" },
    ],
    maxSeqLength: encoder.maxPositions,
    doLowerCase: false,
    prompts: {},
    similarity: "cosine",
    versions: {},
    card: { title: "Untrained model" },
  });
}

async function readConfig(files: Files, folder: string): Promise<unknown> {
  return JSON.parse(await files.readText(joinPath(folder, "config.json")));
}
