// How well one scored list is ordered: average precision, reciprocal rank and nDCG over the list alone, which is what rerankers are judged by.
// Unlike retrieval-metrics.ts nothing outside of the list counts.

export interface ListScores {
  readonly map: number;
  /** Of the first k. */
  readonly mrr: number;
  /** Of the first k. */
  readonly ndcg: number;
}

/**
 * MAP as scikit-learn's average_precision_score, nDCG as its ndcg_score (documents of equal score share their gain), MRR as sentence-transformers
 * counts it: of documents of equal score the later one goes first, since lists begin with what is relevant. All 0 where nothing is relevant.
 */
export function listMetrics(relevant: readonly boolean[], scores: ArrayLike<number>, k: number): ListScores {
  const order = relevant.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || b - a);
  const total = relevant.filter(Boolean).length;
  if (total === 0) return { map: 0, mrr: 0, ndcg: 0 };
  const first = order.findIndex((i) => relevant[i]);
  let [found, precisions, gain] = [0, 0, 0];
  for (const { start, end } of ties(order, scores)) {
    const hits = order.slice(start, end).filter((i) => relevant[i]).length;
    found += hits;
    precisions += (hits * found) / end; // all of a tie are found at once
    for (let rank = start; rank < Math.min(end, k); rank++) gain += hits / (end - start) / Math.log2(rank + 2);
  }
  let ideal = 0;
  for (let rank = 0; rank < Math.min(total, k); rank++) ideal += 1 / Math.log2(rank + 2);
  return { map: precisions / total, mrr: first < k ? 1 / (first + 1) : 0, ndcg: gain / ideal };
}

/** Runs of equal scores, as ranges of the order. */
function* ties(order: readonly number[], scores: ArrayLike<number>): Generator<{ start: number; end: number }> {
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
    yield { start, end };
    start = end;
  }
}
