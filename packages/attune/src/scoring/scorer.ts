// A model that scores a query with a document, whichever kind its folder holds: a cross-encoder reads both at once, an embedding model compares vectors.

import { AttuneError, joinPath } from "@attune/core";
import { loadEmbeddingModel } from "@attune/embedding";
import { modelKind } from "@attune/formats";
import type { ModelKind } from "@attune/formats";
import { embeddingScorer } from "@attune/mining";
import { expectFiniteScores } from "@attune/search";
import type { PairScorer } from "@attune/search";
import { loadCrossEncoder } from "@attune/reranking";
import { createEmbedder, promptsOf } from "../mining/embedder.ts";
import { resolveModel } from "../models/resolve-model.ts";
import type { Runtime } from "../runtime.ts";
import { similarityOf } from "../training/evaluators.ts";

export interface Scorer extends Disposable {
  readonly kind: ModelKind;
  /** What the numbers are: the model's own, or the similarity of vectors. */
  readonly scale: "cross-encoder" | "cosine" | "dot";
  /** Texts encoded or pairs scored so far. */
  readonly done: number;
  /** Scores pairs in their order; `queryPrompt` replaces the one of the settings. The scorer throws E_NON_FINITE for NaN. */
  scoring(queryPrompt?: string): PairScorer;
}

export interface ScorerSettings {
  readonly model: string;
  readonly maxLength?: number | undefined;
  readonly batchTokens: number;
  readonly queryPrompt?: string | undefined;
  readonly documentPrompt?: string | undefined;
}

export interface ScorerOptions {
  /** Similarity of vectors; the one that the model is made for, when left out. */
  readonly similarity?: "cosine" | "dot";
  /** Told after each batch: pairs scored by a cross-encoder, texts encoded by an embedding model. */
  onProgress?(done: number, kind: ModelKind): void;
}

/**
 * Opens either kind, from a folder or a hub. E_MODEL_FOLDER and what loading throws; E_LABELS for a classifier of pairs; E_OPTION for a document
 * prompt with a cross-encoder.
 */
export async function openScorer(settings: ScorerSettings, runtime: Runtime, options: ScorerOptions = {}): Promise<Scorer> {
  const { folder } = await resolveModel(settings.model, runtime);
  const kind = await modelKind(runtime.context.files, folder);
  const open = kind === "cross-encoder" ? openCrossEncoderIn : openEmbedderIn;
  return open(folder, settings, runtime, options);
}

/** Opens a cross-encoder; an embedding model is E_MODEL_FOLDER. */
export async function openCrossEncoder(settings: ScorerSettings, runtime: Runtime, options: ScorerOptions = {}): Promise<Scorer> {
  const { folder } = await resolveModel(settings.model, runtime);
  return openCrossEncoderIn(folder, settings, runtime, options);
}

async function openCrossEncoderIn(
  folder: string,
  { maxLength, batchTokens, queryPrompt, documentPrompt }: ScorerSettings,
  { context, engine, families }: Runtime,
  { onProgress }: ScorerOptions,
): Promise<Scorer> {
  if (documentPrompt !== undefined) {
    const problem = "is for embedding models: a cross-encoder reads a query and a document as one text";
    throw new AttuneError({ code: "E_OPTION", place: "--document-prompt", problem });
  }
  const { model } = await loadCrossEncoder(context, folder, { engine, families, ...(maxLength !== undefined && { maxLength }) });
  try {
    model.expectOneLabel();
  } catch (error) {
    model[Symbol.dispose]();
    throw error instanceof AttuneError ? error.with({ place: joinPath(folder, "config.json") }) : error;
  }
  let done = 0;
  return {
    kind: "cross-encoder",
    scale: "cross-encoder",
    get done() {
      return done;
    },
    scoring: (prompt) => async (pairs) => {
      const before = done;
      const chosen = prompt ?? queryPrompt;
      const scores = await model.score(
        pairs.map(({ query, document }) => [query, document] as const),
        {
          batchTokens,
          signal: context.signal,
          ...(chosen !== undefined && { prompt: chosen }),
          onProgress: (scored) => onProgress?.(before + scored, "cross-encoder"),
        },
      );
      done = before + pairs.length;
      expectFiniteScores(scores, pairs);
      return scores;
    },
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

async function openEmbedderIn(
  folder: string,
  settings: ScorerSettings,
  { context, engine, families, poolingNamed }: Runtime,
  { similarity, onProgress }: ScorerOptions,
): Promise<Scorer> {
  const { maxLength, batchTokens } = settings;
  const options = { engine, families, poolingNamed, ...(maxLength !== undefined && { maxLength }) };
  const loaded = await loadEmbeddingModel(context, folder, options);
  const { model } = loaded;
  const scale = similarity ?? similarityOf(loaded);
  const embedder = createEmbedder(model, { batchTokens, onProgress: (encoded) => onProgress?.(encoded, "embedding") });
  const prompts = promptsOf(model, settings);
  return {
    kind: "embedding",
    scale,
    get done() {
      return embedder.encoded;
    },
    scoring: (prompt) =>
      embeddingScorer(embedder, { prompts: { ...prompts, query: prompt ?? prompts.query }, signal: context.signal, similarity: scale }),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}
