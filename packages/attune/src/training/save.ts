// The result: written, read back, and compared before anything is said about it.

import { AttuneError } from "@attune/core";
import { encode, loadEmbeddingModel, saveEmbeddingModel } from "@attune/embedding";
import type { EmbeddingModel, LoadedModel } from "@attune/embedding";
import type { Runtime } from "../runtime.ts";

type Facts = NonNullable<Parameters<typeof saveEmbeddingModel>[3]>;

export interface Saved {
  readonly loaded: LoadedModel;
  /** Largest difference between the embeddings of the model in memory and of the one read back. */
  readonly difference: number;
}

/** Embeddings are at most so far apart that rounding explains it. */
const TOLERANCE = 1e-6;

/** Saves a model into `output`, loads it again and compares embeddings of `probes`. E_SAVED when they differ. The caller disposes the loaded one. */
export async function saveChecked(
  { context, engine, families, poolingNamed }: Runtime,
  output: string,
  trained: LoadedModel,
  { probes, card }: { probes: readonly string[]; card?: Facts },
): Promise<Saved> {
  await saveEmbeddingModel(context, output, trained, card);
  const loaded = await loadEmbeddingModel(context, output, { engine, families, poolingNamed });
  const difference = await compare(trained.model, loaded.model, probes);
  if (difference <= TOLERANCE) return { loaded, difference };
  loaded.model[Symbol.dispose]();
  throw new AttuneError({
    code: "E_SAVED",
    place: output,
    problem: "does not give the embeddings of the trained model when it is loaded again",
    expected: `a difference of at most ${TOLERANCE}`,
    got: String(difference),
    hint: "the newest checkpoint holds the trained weights",
  });
}

async function compare(one: EmbeddingModel, other: EmbeddingModel, texts: readonly string[]): Promise<number> {
  const [a, b] = [await encode(one, texts), await encode(other, texts)];
  // NaN counts as a difference of any size.
  return a.reduce(
    (worst, value, i) => Math.max(worst, Number.isFinite(value - b[i]) ? Math.abs(value - b[i]) : Infinity),
    a.length === b.length ? 0 : Infinity,
  );
}
