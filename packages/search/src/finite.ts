// What a model gives, checked where it comes in: NaN is neither above nor below any number, so a list that is sorted by it looks well ordered.

import { AttuneError, show } from "@attune/core";
import type { TextPair } from "./pair-scorer.ts";

/** E_NON_FINITE with the first text whose vector, of [N D], has NaN or an infinite number. */
export function expectFiniteVectors(vectors: Float32Array, texts: readonly string[]): void {
  const bad = vectors.findIndex(notFinite);
  if (bad < 0) return;
  const text = texts[Math.floor((bad * texts.length) / vectors.length)];
  throw diverged("embedding", `of ${show(text)} contains ${vectors[bad]}`);
}

/** E_NON_FINITE with the first pair whose score is NaN or infinite. */
export function expectFiniteScores(scores: ArrayLike<number>, pairs: readonly TextPair[]): void {
  const bad = pairs.findIndex((_, i) => notFinite(scores[i]));
  if (bad < 0) return;
  const { query, document } = pairs[bad];
  throw diverged("score", `of ${show(query)} with ${show(document)} is ${scores[bad]}`);
}

function notFinite(value: number): boolean {
  return !Number.isFinite(value);
}

function diverged(place: string, problem: string): AttuneError {
  const hint = "the model has diverged: train with a smaller learning rate";
  return new AttuneError({ code: "E_NON_FINITE", place, problem, hint });
}
