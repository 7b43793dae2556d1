// How well the similarity of two embeddings follows a human score (STS).

import { pearson, spearman } from "./correlation.ts";

const similarities = { cosine, dot, euclidean, manhattan };

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
  for (const [name, similarity] of Object.entries(similarities)) {
    const values = Float64Array.from(scores, (_, i) => {
      const [start, end] = [i * width, (i + 1) * width];
      return similarity(first.subarray(start, end), second.subarray(start, end));
    });
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
