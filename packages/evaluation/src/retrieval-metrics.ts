// nDCG, MAP, MRR, recall and precision at k: with the semantics of trec_eval as pytrec_eval exposes it, or with those of another tool by name.

import { AttuneError, show } from "@attune/core";
import { conventions, type Convention, type MetricGroup, type RetrievalMetric } from "./conventions.ts";
import type { Hit, Qrels, Run } from "./run.ts";

export interface RetrievalScores {
  /** "ndcg@10", "map@10", "mrr@10", "recall@10", "precision@10" … -> mean over the queries that the convention counts. */
  readonly means: Record<string, number>;
  /** Query id -> those of the same metrics in whose mean it is, in the order of the judgements. */
  readonly perQuery: ReadonlyMap<string, Record<string, number>>;
}

export interface RetrievalOptions {
  readonly k?: readonly number[];
  /** Whose semantics; pytrec_eval's unless named. */
  readonly convention?: Convention;
  /** Leaves out the document whose id is that of the query, as some tasks of BEIR ask (ArguAna, Quora). */
  readonly ignoreIdenticalIds?: boolean;
}

/** The cut-offs that are computed unless others are asked for. */
export const defaultCutoffs: readonly number[] = [1, 5, 10, 100];

/** The names of the metrics at these cut-offs. */
export function retrievalMetricNames(k: readonly number[] = defaultCutoffs, convention: Convention = "pytrec_eval"): string[] {
  const metrics = new Set(conventions[convention].flatMap((group) => group.metrics as readonly RetrievalMetric[]));
  return ORDER.filter((metric) => metrics.has(metric)).flatMap((metric) => k.map((cutoff) => `${metric}@${cutoff}`));
}

const ORDER: readonly RetrievalMetric[] = ["ndcg", "map", "mrr", "recall", "recall_cap", "precision", "accuracy"];

/**
 * Scores a run. By default gain is the relevance itself and the ideal ranking takes all judged documents; recall and MAP divide by all relevant
 * ones, precision by k; negative relevance counts as 0. Scores are compared as 32-bit floats, ties go to the larger document id as strings.
 * A query without hits is left out of the means; hits without judgements are ignored. E_EMPTY when no query has both, E_NON_FINITE for a score NaN.
 * @see pytrec_eval: ndcg_cut, map_cut, recall, P; mrr@k is recip_rank of the first k. `conventions` has what others do.
 */
export function evaluateRetrieval(
  qrels: Qrels,
  run: Run,
  { k = defaultCutoffs, convention = "pytrec_eval", ignoreIdenticalIds = false }: RetrievalOptions = {},
): RetrievalScores {
  const cutoffs = k.toSorted((a, b) => a - b);
  const groups: readonly MetricGroup[] = conventions[convention];
  const perQuery = new Map<string, Record<string, number>>();
  let answered = 0;
  for (const [query, judged] of qrels) {
    const found = run.get(query);
    if (found) {
      answered++;
      expectScores(query, found);
    }
    const hits = ignoreIdenticalIds ? found?.filter(({ document }) => document !== query) : found;
    const counting = groups.filter((group) => counts(group, judged, hits));
    if (counting.length === 0) continue;
    const scored = counting.map((group) => scoreQuery(judged, ranked(hits ?? [], group, cutoffs.at(-1)!), cutoffs, group));
    perQuery.set(query, Object.assign({}, ...scored));
  }
  if (answered === 0) throw nothingInCommon(qrels, run);
  const rows = [...perQuery.values()];
  const means = retrievalMetricNames(k, convention).map((name) => [name, meanOf(rows.map((row) => row[name]))]);
  return { means: Object.fromEntries(means), perQuery };
}

function expectScores(query: string, hits: readonly Hit[]): void {
  const bad = hits.find(({ score }) => Number.isNaN(score));
  if (!bad) return;
  const problem = `has the score NaN for the query ${show(query)} and the document ${show(bad.document)}`;
  throw new AttuneError({ code: "E_NON_FINITE", place: "run", problem, hint: "look at what made the run: such a hit has no place in it" });
}

function counts({ meanOver }: MetricGroup, judged: ReadonlyMap<string, number>, hits: readonly Hit[] | undefined): boolean {
  if (meanOver === "answered") return hits !== undefined;
  return meanOver === "judged" || judged.values().some((relevance) => relevance > 0);
}

function scoreQuery(
  judged: ReadonlyMap<string, number>,
  hits: readonly Hit[],
  cutoffs: readonly number[],
  { metrics, graded, mapOver }: MetricGroup,
): Record<string, number> {
  const gainOf = (relevance: number): number => (relevance <= 0 ? 0 : graded ? relevance : 1);
  const gains = [...judged.values()]
    .map(gainOf)
    .filter((gain) => gain > 0)
    .sort((a, b) => b - a);
  const part = (value: number, whole: number): number => (whole > 0 ? value / whole : 0);
  const relevant = gains.length;
  const scores: Record<string, number> = {};
  let [rank, found, dcg, ideal, precisions, reciprocal] = [0, 0, 0, 0, 0, 0];
  for (const k of cutoffs) {
    for (; rank < Math.min(k, Math.max(hits.length, relevant)); rank++) {
      const discount = Math.log2(rank + 2);
      ideal += (gains[rank] ?? 0) / discount;
      const gain = rank < hits.length ? gainOf(judged.get(hits[rank].document) ?? 0) : 0;
      if (gain === 0) continue;
      found++;
      dcg += gain / discount;
      precisions += found / (rank + 1);
      reciprocal ||= 1 / (rank + 1);
    }
    const at: Readonly<Record<RetrievalMetric, number>> = {
      ndcg: part(dcg, ideal),
      map: part(precisions, mapOver(relevant, k)),
      mrr: reciprocal,
      recall: part(found, relevant),
      recall_cap: part(found, Math.min(relevant, k)),
      precision: found / k,
      accuracy: found > 0 ? 1 : 0,
    };
    for (const metric of metrics) scores[`${metric}@${k}`] = at[metric];
  }
  return scores;
}

/** At least the first `depth` hits in the group's order; searches mostly give them in that order already. */
function ranked(hits: readonly Hit[], { order }: MetricGroup, depth: number): readonly Hit[] {
  if (hits.every((hit, i) => i === 0 || order(hits[i - 1], hit) <= 0)) return hits;
  return firstOf(hits, depth).toSorted(order);
}

/** Without those that score below the `depth`-th: sorting numbers is a tenth of sorting hits. Ties of 32-bit floats stay. */
function firstOf(hits: readonly Hit[], depth: number): readonly Hit[] {
  if (hits.length <= depth) return hits;
  const scores = new Float64Array(hits.length);
  for (const [i, { score }] of hits.entries()) scores[i] = score;
  scores.sort();
  const least = Math.fround(scores[scores.length - depth]);
  return hits.filter(({ score }) => Math.fround(score) >= least);
}

/** Over those that have the metric; 0 where none has. */
function meanOf(values: readonly (number | undefined)[]): number {
  const counted = values.filter((value) => value !== undefined);
  return counted.reduce((sum, value) => sum + value, 0) / Math.max(1, counted.length);
}

function nothingInCommon(qrels: Qrels, run: Run): AttuneError {
  const [judged, answered] = [qrels, run].map((queries) => (queries.size === 0 ? "none" : show(queries.keys().next().value)));
  return new AttuneError({
    code: "E_EMPTY",
    place: "retrieval",
    problem: "no query has both judgements and hits",
    hint: `the first judged query is ${judged}, the first with hits ${answered}`,
  });
}
