// What a search for hard negatives found, as plain data. Chosen and worded by whoever mined; nothing is counted here.

import type { Named, ScoredText } from "./report-data.ts";

/** Bin i lies between `edges[i]` and `edges[i + 1]`. */
export interface Bins {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A name and how often it is the case. */
export interface Counted {
  readonly name: string;
  readonly count: number;
}

/** A document that scores above the marked answer of a query. */
export interface SuspectedAnswer {
  readonly query: string;
  /** The answer with the lowest score that somebody marked. */
  readonly marked: ScoredText;
  readonly found: ScoredText;
  /** What became of it: "negative", "left out: relative margin". */
  readonly fate: string;
  /** It is among the negatives. */
  readonly taken: boolean;
}

/** All that a report shows of a search for hard negatives; what is empty is left out. */
export interface MiningFigures {
  /** Negatives per query that were asked for, and how many queries have all of them, fewer, and none. */
  readonly queries: { readonly asked: number; readonly all: number; readonly fewer: number; readonly none: number };
  readonly negatives: number;
  readonly facts: readonly Named[];
  /** Why candidates were left out, most first. */
  readonly dropped: readonly Counted[];
  /** Scores of positives and negatives, between the same edges. */
  readonly scores: { readonly edges: readonly number[]; readonly positive: readonly number[]; readonly negative: readonly number[] };
  /** How far negatives score below the lowest positive of their query; below zero they score above it. */
  readonly margins: Bins;
  /** `summary` says how many there are; the examples stand in the order in which they are to be read. */
  readonly suspected: { readonly summary: string; readonly examples: readonly SuspectedAnswer[] };
  /** Documents and of how many queries they are a negative, most used first. */
  readonly hubs: readonly Counted[];
}
