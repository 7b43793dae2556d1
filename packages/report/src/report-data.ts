// What a report is made of: plain data, all of it optional but the title. Names and texts are shown as they are given.

import type { MiningFigures } from "./mining-figures.ts";

/** A name and what is said about it: a row of a table. */
export type Named = readonly [name: string, value: string];

/** Metric, as it is to be shown, -> score; null and NaN where it is not defined. */
export type Scores = Readonly<Record<string, number | null>>;

/** What was measured in each optimiser step; all lists are of the same length. */
export interface StepCurves {
  /** Numbers of the steps, rising. */
  readonly steps: readonly number[];
  /** Null where it was not finite. */
  readonly loss: readonly (number | null)[];
  readonly learningRate: readonly (number | null)[];
  /** Of the whole gradient, before clipping. */
  readonly gradientNorm: readonly (number | null)[];
}

/** A metric that was measured now and then during the training. */
export interface MetricCurve {
  readonly metric: string;
  /** Rising; the same for all curves of a report. */
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Scores side by side: of other methods, before, after. */
export interface Comparison {
  /** What they were measured on: "scifact, split test". */
  readonly source?: string;
  /** Other methods, such as BM25. */
  readonly baselines?: readonly { readonly name: string; readonly scores: Scores }[];
  readonly before?: Scores;
  readonly after: Scores;
  /** The metric that counts: its row is set off. */
  readonly primary?: string;
  /** Of the gain in the primary metric: the ends of its 95 % interval, and the p-value of a paired test. */
  readonly gain?: { readonly low: number; readonly high: number; readonly p?: number };
}

/** A query that another model answers better or worse. */
export interface ChangedQuery {
  readonly query: string;
  /** The metric of the query. */
  readonly before: number;
  readonly after: number;
  /** What was found first. */
  readonly firstBefore?: FoundText;
  readonly firstAfter?: FoundText;
}

export interface FoundText {
  readonly text: string;
  readonly right: boolean;
}

/** Each query's best right answer and its best wrong one, from one model, by score: how many lie in each bin. */
export interface AnswerCounts {
  readonly right: readonly number[];
  readonly wrong: readonly number[];
  readonly queries: number;
  /** Queries whose right answer scores higher. */
  readonly won: number;
}

/** Bin i lies between `edges[i]` and `edges[i + 1]`, for all models. */
export interface AnswerScores {
  readonly edges: readonly number[];
  readonly before?: AnswerCounts;
  readonly after?: AnswerCounts;
}

export interface ScoredText {
  readonly text: string;
  readonly score: number;
}

/** A query, the answer that it should find, and the wrong one that came nearest. */
export interface RightAndWrong {
  readonly query: string;
  readonly right: ScoredText;
  readonly wrong: ScoredText;
}

/** How far something is. */
export interface Progress {
  readonly text: string;
  readonly done: number;
  readonly total: number;
}

/** All that a report can show; what is left out, or empty, has no section. */
export interface ReportData {
  /** Also the title of the page. */
  readonly title: string;
  /** A line below the title. */
  readonly subtitle?: string;
  /** Of a training under way: what it does, and how far it is. */
  readonly progress?: Progress;
  /** What was not as it should be. */
  readonly warnings?: readonly string[];
  readonly comparison?: Comparison;
  readonly curves?: StepCurves;
  /** The file with the numbers behind the curves, for readers without JavaScript. */
  readonly log?: string;
  readonly metrics?: readonly MetricCurve[];
  readonly scores?: AnswerScores;
  /** In the order in which they are to be read. */
  readonly wrongAnswers?: readonly RightAndWrong[];
  /** Queries that changed most, in the order in which they are to be read. */
  readonly changes?: { readonly wins: readonly ChangedQuery[]; readonly losses: readonly ChangedQuery[] };
  /** What a search for hard negatives found. */
  readonly mining?: MiningFigures;
  /** About the training data: rows, lengths, what was left out. */
  readonly data?: readonly Named[];
  readonly settings?: readonly Named[];
}
