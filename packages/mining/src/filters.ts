// Why a candidate is no negative. One reason per candidate, the first that applies.

import type { ResolvedMiningOptions } from "./options.ts";
import type { MiningTask } from "./task.ts";
import { textKey } from "./text-hash.ts";

/** Why candidates are dropped, in the order in which it is asked. */
export const dropReasons = [
  "empty",
  "positive",
  "equal-to-positive",
  "equal-to-query",
  "repeated",
  "near-duplicate",
  "absolute-margin",
  "relative-margin",
  "max-score",
  "min-score",
  "document-cap",
] as const;

export type DropReason = (typeof dropReasons)[number];

/** One query's candidates, best first, and what its positives score. */
export interface Pool {
  readonly query: number;
  readonly documents: Int32Array;
  readonly scores: Float32Array;
  /** In the order of the query's positives. */
  readonly positiveScores: Float32Array;
  /** Of each candidate, its highest cosine with a positive. */
  readonly nearest?: Float32Array;
}

/** The score that margins are measured from: that of the lowest positive, so that none of them could be a negative. */
export function referenceOf({ positiveScores }: Pool): number {
  return positiveScores.reduce((lowest, score) => Math.min(lowest, score), Infinity);
}

/** Finds for each candidate of a pool the reason to drop it, or undefined. Texts are compared by `textKey`. */
export function createFilter(task: MiningTask, options: ResolvedMiningOptions): (pool: Pool) => (DropReason | undefined)[] {
  const nothing = textKey("");
  return (pool) => {
    const { text, positives } = task.queries[pool.query];
    const own = options.keepQueryText ? undefined : textKey(text);
    const documents = new Set(options.includePositives ? [] : positives.map(({ document }) => document));
    const positiveKeys = new Set([...documents].map((document) => task.keys[document]));
    const seen = new Set<number>();
    const outOfBounds = scoreFilter(options, referenceOf(pool));
    return Array.from(pool.documents, (document, i) => {
      const key = task.keys[document];
      if (key === nothing) return "empty";
      if (documents.has(document)) return "positive";
      if (positiveKeys.has(key)) return "equal-to-positive";
      if (key === own) return "equal-to-query";
      if (seen.has(key)) return "repeated";
      seen.add(key);
      if (pool.nearest && options.nearDuplicate !== undefined && pool.nearest[i] >= options.nearDuplicate) return "near-duplicate";
      return outOfBounds(pool.scores[i]);
    });
  };
}

/** Limits of the score; relative margins are parts of the reference's size, so that they lower the limit for negative scores too. */
function scoreFilter(options: ResolvedMiningOptions, reference: number): (score: number) => DropReason | undefined {
  const { absoluteMargin, relativeMargin, maxScore, minScore } = options;
  return (score) => {
    if (absoluteMargin !== undefined && score > reference - absoluteMargin) return "absolute-margin";
    if (relativeMargin !== undefined && score > reference - Math.abs(reference) * relativeMargin) return "relative-margin";
    if (maxScore !== undefined && score > maxScore) return "max-score";
    if (minScore !== undefined && score < minScore) return "min-score";
    return undefined;
  };
}
