// What mining did, in numbers that can be compared and examples that can be read. Everything in it is JSON.

import { histogramOf, sharedHistogramOf, type Histogram } from "@attune/core";
import { referenceOf, type DropReason, type Pool } from "./filters.ts";
import type { ResolvedMiningOptions, ResolvedRange } from "./options.ts";
import type { Selection } from "./select.ts";
import { summaryOf, type Summary } from "./summary.ts";
import type { MiningTask } from "./task.ts";

/** A candidate that scores above a positive of its query: perhaps an answer that nobody marked. */
export interface Suspect {
  readonly query: string;
  /** The lowest positive. */
  readonly positive: string;
  readonly positiveScore: number;
  readonly document: string;
  readonly score: number;
  /** Why it did not become a negative; "negative" if it did, "not-taken" if others were taken. */
  readonly fate: DropReason | "negative" | "not-taken";
}

/** Scores of all positives and of all negatives, counted between the same edges. */
export interface ScoreHistograms {
  readonly edges: readonly number[];
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

export interface MiningReport {
  readonly queries: number;
  readonly documents: number;
  /** Negatives per query that were asked for. */
  readonly asked: number;
  /** All negatives that were found. */
  readonly negatives: number;
  readonly distinctNegatives: number;
  /** Queries with fewer than asked for, those with none included. */
  readonly queriesShort: number;
  readonly queriesWithNone: number;
  /** `queriesWithNone` as a part of all. */
  readonly shareWithNone: number;
  readonly range: ResolvedRange;
  /** Candidates that were looked at, and of those the dropped ones by reason. */
  readonly candidates: number;
  readonly dropped: Partial<Record<DropReason, number>>;
  readonly scores: { readonly positive: Summary; readonly negative: Summary; readonly histograms: ScoreHistograms };
  /** Score of the lowest positive minus the score of a negative, over all negatives. */
  readonly margins: Histogram;
  /** Of each query at most the one that is furthest above its positive, the better ranked of equals; of these the first. */
  readonly suspected: { readonly pairs: number; readonly queries: number; readonly examples: readonly Suspect[] };
  /** The documents that are the negative of most queries. */
  readonly hubs: readonly { readonly document: string; readonly queries: number }[];
}

/** Counts while mining goes on. */
export interface Reporter {
  add(pool: Pool, selection: Selection): void;
  /** Fetches the texts of the examples. */
  finish(): Promise<MiningReport>;
}

/** Hubs that a report shows. */
const HUBS = 10;

/** Suspects that a report shows: what a person may read in a minute or two. */
const SUSPECTS = 20;

/** Bins of the scores: enough to see where two hills meet. */
const SCORE_BINS = 30;

/** Drops that say nothing about answers that nobody marked. */
const KNOWN: ReadonlySet<DropReason | undefined> = new Set<DropReason>([
  "repeated",
  "empty",
  "positive",
  "equal-to-positive",
  "equal-to-query",
]);

/** A suspect by numbers; it holds nothing of the ranking that it was found in. */
interface Found extends Pick<Suspect, "positiveScore" | "score" | "fate"> {
  readonly query: number;
  /** Which of the query's positives scores lowest. */
  readonly positive: number;
  readonly document: number;
}

const above = ({ score, positiveScore }: Found): number => score - positiveScore;

/** What is counted query by query. */
interface Tally {
  candidates: number;
  queriesShort: number;
  queriesWithNone: number;
  suspects: number;
  suspectQueries: number;
  readonly dropped: Partial<Record<DropReason, number>>;
  readonly positive: number[];
  readonly negative: number[];
  readonly margins: number[];
  /** How many queries have a document as a negative. */
  readonly uses: Map<number, number>;
  examples: Found[];
}

/** An empty report, to be filled query by query. */
export function createReporter(task: MiningTask, { negatives: asked }: ResolvedMiningOptions, range: ResolvedRange): Reporter {
  const counts = { candidates: 0, queriesShort: 0, queriesWithNone: 0, suspects: 0, suspectQueries: 0 };
  const tally: Tally = { ...counts, dropped: {}, positive: [], negative: [], margins: [], uses: new Map(), examples: [] };
  return {
    add(pool, selection) {
      if (selection.negatives.length < asked) tally.queriesShort++;
      count(tally, pool, selection);
    },
    finish: () => reportOf(tally, task, { asked, range }),
  };
}

function count(tally: Tally, pool: Pool, { negatives, reasons }: Selection): void {
  const reference = referenceOf(pool);
  tally.candidates += pool.documents.length;
  if (negatives.length === 0) tally.queriesWithNone++;
  for (const reason of reasons) if (reason) tally.dropped[reason] = (tally.dropped[reason] ?? 0) + 1;
  for (const score of pool.positiveScores) tally.positive.push(score);
  for (const { document, score } of negatives) {
    tally.negative.push(score);
    tally.margins.push(reference - score);
    tally.uses.set(document, (tally.uses.get(document) ?? 0) + 1);
  }
  const suspects = suspectsOf(pool, { negatives, reasons }, reference);
  if (suspects.length === 0) return;
  tally.suspects += suspects.length;
  tally.suspectQueries++;
  const furthest = suspects.reduce((best, one) => (above(one) > above(best) ? one : best));
  tally.examples = [...tally.examples, furthest].sort((a, b) => above(b) - above(a) || a.query - b.query).slice(0, SUSPECTS);
}

async function reportOf(tally: Tally, task: MiningTask, asked: Pick<MiningReport, "asked" | "range">): Promise<MiningReport> {
  const { candidates, dropped, queriesShort, queriesWithNone, positive, negative, uses } = tally;
  const hubs = [...uses]
    .filter(([, queries]) => queries > 1)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, HUBS);
  const hubTexts = await task.corpus.texts(hubs.map(([document]) => document));
  return {
    queries: task.queries.length,
    documents: task.corpus.size,
    ...asked,
    negatives: negative.length,
    distinctNegatives: uses.size,
    queriesShort,
    queriesWithNone,
    shareWithNone: queriesWithNone / task.queries.length,
    candidates,
    dropped,
    scores: { positive: summaryOf(positive), negative: summaryOf(negative), histograms: scoreHistograms(positive, negative) },
    margins: histogramOf(tally.margins),
    suspected: { pairs: tally.suspects, queries: tally.suspectQueries, examples: await withTexts(task, tally.examples) },
    hubs: hubs.map(([, queries], i) => ({ document: hubTexts[i], queries })),
  };
}

function scoreHistograms(positives: readonly number[], negatives: readonly number[]): ScoreHistograms {
  const { edges, counts } = sharedHistogramOf([positives, negatives], SCORE_BINS);
  const [positive, negative] = counts;
  return { edges, positive, negative };
}

function suspectsOf({ query, documents, scores, positiveScores }: Pool, { negatives, reasons }: Selection, reference: number): Found[] {
  const taken = new Set(negatives.map(({ document }) => document));
  const positive = positiveScores.indexOf(reference);
  const found: Found[] = [];
  for (const [rank, score] of scores.entries()) {
    if (score <= reference || KNOWN.has(reasons[rank])) continue;
    const document = documents[rank];
    const fate = reasons[rank] ?? (taken.has(document) ? "negative" : "not-taken");
    found.push({ query, positive, positiveScore: reference, document, score, fate });
  }
  return found;
}

async function withTexts({ queries, corpus }: MiningTask, found: readonly Found[]): Promise<Suspect[]> {
  const texts = await corpus.texts(found.map(({ document }) => document));
  return found.map(({ query, positive, positiveScore, score, fate }, i) => {
    const { text, positives } = queries[query];
    return { query: text, positive: positives[positive].text, positiveScore, document: texts[i], score, fate };
  });
}
