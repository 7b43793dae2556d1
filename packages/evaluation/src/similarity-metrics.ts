// How well the similarity of two embeddings follows a human score (STS).

import { pearson, spearman } from "./correlation.ts";

/** The similarities of two embeddings [D] that evaluators compare; distances are negated, so that more is nearer. */
export const similarities = { cosine, dot, euclidean, manhattan };

/** The similarity of each row of first [N D] with the same row of second [N D]. */
export function rowSimilarities(
  name: keyof typeof similarities,
  first: Float32Array,
  second: Float32Array,
  dimension: number,
): Float64Array {
  return Float64Array.from({ length: first.length / dimension }, (_, i) => {
    const [start, end] = [i * dimension, (i + 1) * dimension];
    return similarities[name](first.subarray(start, end), second.subarray(start, end));
  });
}

/** The names of the metrics: "pearson_cosine", "spearman_cosine", … as sentence-transformers spells them. */
export const similarityMetricNames: readonly string[] = Object.keys(similarities).flatMap((name) => [
  `pearson_${name}`,
  `spearman_${name}`,
]);

/**
 * Pearson and Spearman of each similarity with the scores. first [N D] · second [N D] · scores [N]. Distances are negated, so that more is nearer.
 * Semantics of sentence-transformers' EmbeddingSimilarityEvaluator; NaN where scores or similarities are all equal.
 */
export function evaluateSimilarity(first: Float32Array, second: Float32Array, scores: ArrayLike<number>): Record<string, number> {
  const width = scores.length === 0 ? 0 : first.length / scores.length;
  const metrics: Record<string, number> = {};
  for (const name of Object.keys(similarities) as (keyof typeof similarities)[]) {
    const values = rowSimilarities(name, first, second, width);
    metrics[`pearson_${name}`] = pearson(values, scores);
    metrics[`spearman_${name}`] = spearman(values, scores);
  }
  return metrics;
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / Math.max(Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b)), Number.MIN_VALUE);
}

function dot(a: Float32Array, b: Float32Array): number {
  return sumOver(a, (value, i) => value * b[i]);
}

function euclidean(a: Float32Array, b: Float32Array): number {
  return -Math.sqrt(sumOver(a, (value, i) => (value - b[i]) ** 2));
}

function manhattan(a: Float32Array, b: Float32Array): number {
  return -sumOver(a, (value, i) => Math.abs(value - b[i]));
}

function sumOver(a: Float32Array, term: (value: number, i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += term(a[i], i);
  return sum;
}
