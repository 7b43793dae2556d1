// Two models on the same queries: by how much one is better, whether that may be luck, and on which queries.

import { bootstrapDifference, type Interval } from "./bootstrap.ts";
import type { Evaluation } from "./evaluator.ts";
import { randomisationTest } from "./randomisation.ts";

/** A query on which the two differ. */
export interface QueryChange {
  /** Its id. */
  readonly query: string;
  readonly base: number;
  readonly tuned: number;
}

/** What the primary metric of each query says. */
export interface PairedComparison {
  /** Queries that both have a value for. */
  readonly queries: number;
  /** Mean of tuned − base, and its 95 % interval. */
  readonly gain: Interval;
  /** Two-sided, of a paired randomisation test. */
  readonly p: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Of wins and losses: the largest gain first, the largest loss last. */
  readonly changes: readonly QueryChange[];
}

/** Differences below this are rounding. */
const TIE = 1e-9;

/** The mean gain over the queries that both have a value for, and its 95 % interval; undefined where there is no such query. */
export function pairedGain(base: Evaluation, tuned: Evaluation, { seed }: { readonly seed: number }): Interval | undefined {
  const pairs = pairsOf(base, tuned);
  if (pairs.length === 0) return undefined;
  const [before, after] = [pairs.map((pair) => pair.base), pairs.map((pair) => pair.tuned)];
  return bootstrapDifference(before, after, { seed });
}

function pairsOf(base: Evaluation, tuned: Evaluation): QueryChange[] {
  return [...(tuned.perQuery ?? [])].flatMap(([query, value]): QueryChange[] => {
    const before = base.perQuery?.get(query);
    return before === undefined ? [] : [{ query, base: before, tuned: value }];
  });
}

/** Pairs the values by query; undefined where one of them has none, or no query is in both. */
export function compareQueries(base: Evaluation, tuned: Evaluation, { seed }: { readonly seed: number }): PairedComparison | undefined {
  const pairs = pairsOf(base, tuned);
  if (pairs.length === 0) return undefined;
  const [before, after] = [pairs.map((pair) => pair.base), pairs.map((pair) => pair.tuned)];
  const gainOf = (pair: QueryChange): number => pair.tuned - pair.base;
  const changes = pairs.filter((pair) => Math.abs(gainOf(pair)) > TIE).sort((a, b) => gainOf(b) - gainOf(a));
  const wins = changes.filter((pair) => gainOf(pair) > 0).length;
  return {
    queries: pairs.length,
    gain: bootstrapDifference(before, after, { seed }),
    p: randomisationTest(before, after, { seed }),
    wins,
    ties: pairs.length - changes.length,
    losses: changes.length - wins,
    changes,
  };
}
