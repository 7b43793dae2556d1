// How tools disagree about the same metrics, each by its name. A convention is data: who is ranked how, what counts, and over whom the mean is taken.

import type { Hit } from "./run.ts";

/** Every metric that some convention has. */
export type RetrievalMetric = "ndcg" | "map" | "mrr" | "recall" | "precision" | "accuracy" | "recall_cap";

/** Metrics that a tool computes in the same way. */
export interface MetricGroup {
  readonly metrics: readonly RetrievalMetric[];
  /** Orders hits; those that it holds equal stay in the order of the run. */
  readonly order: (a: Hit, b: Hit) => number;
  /** Whether gain is the relevance itself, or 1 for anything above 0. */
  readonly graded: boolean;
  /** What the precisions of MAP@k are divided by, where any document is relevant. */
  readonly mapOver: (relevant: number, k: number) => number;
  /** Judged queries in the mean: those with hits, all, or those with a relevant document. Without hits a query counts 0. */
  readonly meanOver: "answered" | "judged" | "relevant";
}

const trec: MetricGroup = {
  metrics: ["ndcg", "map", "mrr", "recall", "precision"],
  order: byFloat32ThenIdDown,
  graded: true,
  mapOver: (relevant) => relevant,
  meanOver: "answered",
};

/**
 * `pytrec_eval`: trec_eval, and MTEB and BEIR with it. `sentence-transformers`: InformationRetrievalEvaluator. `flagembedding`: its evaluation
 * takes nDCG, MAP, recall and precision from pytrec_eval, and adds its own MRR and BEIR's capped recall, which divides by min(relevant, k).
 */
export const conventions = {
  pytrec_eval: [trec],
  "sentence-transformers": [
    {
      metrics: [...trec.metrics, "accuracy"],
      order: byScoreThenIdUp,
      graded: false,
      mapOver: (relevant, k) => Math.min(relevant, k),
      meanOver: "relevant",
    },
  ],
  flagembedding: [
    { ...trec, metrics: ["ndcg", "map", "recall", "precision"] },
    { ...trec, metrics: ["mrr", "recall_cap"], order: byScore, meanOver: "judged" },
  ],
} as const satisfies Readonly<Record<string, readonly MetricGroup[]>>;

export type Convention = keyof typeof conventions;

/** The names of the conventions, the default first. */
export const conventionNames = Object.keys(conventions) as [Convention, ...Convention[]];

/** trec_eval holds scores as 32-bit floats, so that smaller differences are ties; those go to the larger id. */
function byFloat32ThenIdDown(a: Hit, b: Hit): number {
  const difference = Math.fround(b.score) - Math.fround(a.score);
  if (difference !== 0) return difference;
  return a.document < b.document ? 1 : a.document > b.document ? -1 : 0;
}

function byScoreThenIdUp(a: Hit, b: Hit): number {
  return byScore(a, b) || (a.document < b.document ? -1 : a.document > b.document ? 1 : 0);
}

function byScore(a: Hit, b: Hit): number {
  return b.score - a.score;
}
