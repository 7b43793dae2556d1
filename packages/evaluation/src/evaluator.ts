// The kind "evaluator": a task with its data, which any encoder can be measured on, before, during and after training.

import { expectFiniteVectors, type IndexChoice } from "@attune/search";
import type { Convention } from "./conventions.ts";
import type { RetrievalSet } from "./retrieval-set.ts";
import type { Run } from "./run.ts";

declare module "@attune/core" {
  interface PluginKinds {
    evaluator: Evaluator;
  }
  interface PluginOptions {
    evaluator: EvaluatorOptions;
  }
}

/** Evaluator name -> its options, as a user writes them; other packages may add theirs. */
export interface EvaluatorOptions {
  retrieval: {
    data: string;
    split?: string;
    corpus?: string;
    k?: number[];
    depth?: number;
    similarity?: "cosine" | "dot";
    index?: IndexChoice;
    convention?: Convention;
    ignoreIdenticalIds?: boolean;
  };
  sts: { data: string; columns?: Record<string, string> };
}

/** What is measured: texts in, vectors [N D] out, in input order. */
export interface TextEmbedder {
  /** D */
  readonly dimension: number;
  /** Tokens encoded so far, from embedders that count them. */
  readonly tokens?: number;
  /** `side` chooses the model's prompt; it is left out by tasks that have no sides. */
  encode(texts: readonly string[], side?: "query" | "document"): Promise<Float32Array>;
}

/** Metrics, and the primary one of each query, from which intervals are made; without queries where the metric is no mean. */
export interface Evaluation {
  readonly metrics: Record<string, number>;
  readonly perQuery?: ReadonlyMap<string, number>;
  /** What was found, from evaluators that rank. */
  readonly run?: Run;
  /** The texts of the queries that have a value, from evaluators without a `set`. */
  readonly queries?: ReadonlyMap<string, string>;
  /** What was searched, from evaluators that rank. */
  readonly set?: RetrievalSet;
  /** What each query found in words, from tasks that search texts. */
  readonly answers?: readonly QueryAnswers[];
}

/** The best right and the best wrong answer to a query. */
export interface QueryAnswers {
  readonly query: string;
  readonly right: Answer;
  readonly wrong: Answer;
}

/** A text and its similarity to the query. */
export interface Answer {
  readonly text: string;
  readonly score: number;
}

export interface Evaluator {
  readonly name: string;
  /** The names of all metrics that it computes. */
  readonly metrics: readonly string[];
  /** The metric that chooses the best model unless another one is asked for; higher is better. */
  readonly primary: string;
  /** Whether its evaluations come with a run. */
  readonly ranks?: boolean;
  /** What a reader of an embedding model's figures should know, such as data that they leave out. */
  readonly notes?: readonly string[];
  evaluate(embedder: TextEmbedder, signal?: AbortSignal): Promise<Record<string, number>>;
  evaluateQueries(embedder: TextEmbedder, signal?: AbortSignal): Promise<Evaluation>;
}

/** An evaluator from `evaluateQueries`. */
export function createEvaluator(parts: Omit<Evaluator, "evaluate">): Evaluator {
  return { ...parts, evaluate: async (embedder, signal) => (await parts.evaluateQueries(embedder, signal)).metrics };
}

/** Embeds in pieces, so that a signal is heard. Vectors [N D]; E_NON_FINITE for one with NaN, which no figure would show. */
export async function embedAll(
  embedder: TextEmbedder,
  texts: readonly string[],
  { side, signal }: EmbedOptions = {},
): Promise<Float32Array> {
  const vectors = new Float32Array(texts.length * embedder.dimension);
  for (let start = 0; start < texts.length; start += PIECE) {
    signal?.throwIfAborted();
    const piece = texts.slice(start, start + PIECE);
    const encoded = await embedder.encode(piece, side);
    expectFiniteVectors(encoded, piece);
    vectors.set(encoded, start * embedder.dimension);
  }
  return vectors;
}

export interface EmbedOptions {
  readonly side?: "query" | "document";
  readonly signal?: AbortSignal;
}

/** Texts per call of `encode`: enough for it to sort by length. */
const PIECE = 8192;
