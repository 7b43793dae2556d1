// A cross-encoder as programs use it.

import { loadCrossEncoder } from "@attune/reranking";
import type { RankedDocument, TextPair } from "@attune/reranking";
import { resolveModel } from "./models/resolve-model.ts";
import type { Runtime } from "./runtime.ts";

/** A cross-encoder in memory. */
export interface Reranker extends Disposable {
  /** Names of a pair's scores; one for a model that ranks. */
  readonly labels: readonly string[];
  /** Scores of pairs in input order: one per pair, or [N L] for a model with L labels. */
  score(pairs: readonly TextPair[]): Promise<Float32Array>;
  /** The documents by their score with the query, best first. E_LABELS for several labels. */
  rank(query: string, documents: readonly string[], options?: { topK?: number }): Promise<RankedDocument[]>;
}

/** Loads a cross-encoder by its folder or hub id. Errors of `resolveModel` and of `loadCrossEncoder`. */
export async function openReranker(name: string, runtime: Runtime, { maxLength }: { maxLength?: number } = {}): Promise<Reranker> {
  const { context, engine, families } = runtime;
  const { folder } = await resolveModel(name, runtime);
  const { model } = await loadCrossEncoder(context, folder, { engine, families, ...(maxLength !== undefined && { maxLength }) });
  const { signal } = context;
  return {
    labels: model.parts.labels,
    score: (pairs) => model.score(pairs, { signal }),
    rank: (query, documents, options) => model.rank(query, documents, { ...options, signal }),
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}
