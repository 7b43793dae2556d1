// nDCG, MAP, MRR, recall and precision at k, with the semantics of trec_eval as pytrec_eval exposes it.

import { AttuneError } from "@attune/core";
import type { Hit, Qrels, Run } from "./run.ts";

export interface RetrievalScores {
  /** "ndcg@10", "map@10", "mrr@10", "recall@10", "precision@10" … -> mean over the queries that have both judgements and hits. */
  readonly means: Record<string, number>;
  /** Query id -> the same metrics, in the order of the judgements. */
  readonly perQuery: ReadonlyMap<string, Record<string, number>>;
}

/** The cut-offs that are computed unless others are asked for. */
export const defaultCutoffs: readonly number[] = [1, 5, 10, 100];

/** The names of the metrics at these cut-offs. */
export function retrievalMetricNames(k: readonly number[] = defaultCutoffs): string[] {
  return ["ndcg", "map", "mrr", "recall", "precision"].flatMap((metric) => k.map((cutoff) => `${metric}@${cutoff}`));
}

/**
 * Scores a run. Gain is the relevance itself and the ideal ranking takes all judged documents; recall and MAP divide by all relevant ones,
 * precision by k; negative relevance counts as 0. Scores are compared as 32-bit floats, ties go to the larger document id as strings.
 * A query without hits is left out of the means; hits without judgements are ignored. E_EMPTY when no query has both.
 * @see pytrec_eval: ndcg_cut, map_cut, recall, P; mrr@k is recip_rank of the first k
 */
export function evaluateRetrieval(qrels: Qrels, run: Run, { k = defaultCutoffs }: { k?: readonly number[] } = {}): RetrievalScores {
  const cutoffs = k.toSorted((a, b) => a - b);
  const perQuery = new Map<string, Record<string, number>>();
  for (const [query, judged] of qrels) {
    const hits = run.get(query);
    if (hits) perQuery.set(query, scoreQuery(judged, ranked(hits), cutoffs));
  }
  if (perQuery.size === 0) throw new AttuneError({ code: "E_EMPTY", place: "retrieval", problem: "no query has both judgements and hits" });
  const rows = [...perQuery.values()];
  const means = retrievalMetricNames(k).map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0) / rows.length]);
  return { means: Object.fromEntries(means), perQuery };
}

function scoreQuery(judged: ReadonlyMap<string, number>, hits: readonly Hit[], cutoffs: readonly number[]): Record<string, number> {
  const gains = [...judged.values()].filter((gain) => gain > 0).sort((a, b) => b - a);
  const scores: Record<string, number> = {};
  let [rank, found, dcg, ideal, precisions, reciprocal] = [0, 0, 0, 0, 0, 0];
  for (const k of cutoffs) {
    for (; rank < Math.min(k, Math.max(hits.length, gains.length)); rank++) {
      const discount = Math.log2(rank + 2);
      ideal += (gains[rank] ?? 0) / discount;
      const gain = rank < hits.length ? (judged.get(hits[rank].document) ?? 0) : 0;
      if (gain <= 0) continue;
      found++;
      dcg += gain / discount;
      precisions += found / (rank + 1);
      reciprocal ||= 1 / (rank + 1);
    }
    scores[`ndcg@${k}`] = ideal > 0 ? dcg / ideal : 0;
    scores[`map@${k}`] = gains.length > 0 ? precisions / gains.length : 0;
    scores[`mrr@${k}`] = reciprocal;
    scores[`recall@${k}`] = gains.length > 0 ? found / gains.length : 0;
    scores[`precision@${k}`] = found / k;
  }
  return scores;
}

/** Hits in trec_eval's order; searches mostly give them in that order already. */
function ranked(hits: readonly Hit[]): readonly Hit[] {
  return hits.every((hit, i) => i === 0 || compareHits(hits[i - 1], hit) <= 0) ? hits : hits.toSorted(compareHits);
}

function compareHits(a: Hit, b: Hit): number {
  const difference = Math.fround(b.score) - Math.fround(a.score);
  if (difference !== 0) return difference;
  return a.document < b.document ? 1 : a.document > b.document ? -1 : 0;
}
