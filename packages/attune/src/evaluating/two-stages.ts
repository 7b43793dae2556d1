// The second stage of a retrieval that was measured: a cross-encoder orders what was found, and both orders are scored alike.

import { compareQueries, evaluateRetrieval } from "@attune/evaluation";
import type { Convention, Evaluation, PairedComparison, Run } from "@attune/evaluation";
import type { Runtime } from "../runtime.ts";
import { rerankRun } from "../scoring/rerank-run.ts";
import { openCrossEncoder } from "../scoring/scorer.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { SEED } from "./compare-models.ts";
import type { Measurement } from "./measure-model.ts";

/** What the second stage came to. */
export interface SecondStage {
  readonly reranker: string;
  /** Documents per query that it scored, at most. */
  readonly depth: number;
  readonly pairs: number;
  readonly seconds: number;
  readonly evaluation: Evaluation;
  /** Against the first stage, in its primary metric. */
  readonly comparison: PairedComparison | undefined;
}

/** Reranks the run of a measurement. Documents deeper than `depth` are dropped. E_MODEL_FOLDER, E_LABELS and what loading throws. */
export async function rerankMeasured(
  { evaluator, choice: [, options], evaluation }: Measurement,
  { reranker, rerankerMaxLength, batchTokens }: EvalSettings & { reranker: string },
  runtime: Runtime,
  onProgress: (pairs: number) => void,
): Promise<SecondStage> {
  const { depth, k, convention, ignoreIdenticalIds } = options as {
    depth: number;
    k: number[];
    convention: Convention;
    ignoreIdenticalIds: boolean;
  };
  const set = evaluation.set!;
  const itself = (query: string, document: string): boolean => ignoreIdenticalIds && query === document;
  const run: Run = new Map(
    [...evaluation.run!].map(([query, hits]) => [query, hits.filter(({ document }) => !itself(query, document)).slice(0, depth)]),
  );
  const pairs = [...run.values()].reduce((sum, hits) => sum + hits.length, 0);
  using scorer = await openCrossEncoder({ model: reranker, maxLength: rerankerMaxLength, batchTokens }, runtime, { onProgress });
  const started = performance.now();
  const reranked = await rerankRun({ run, queries: set.queries, documents: set.corpus, pairs }, scorer.scoring());
  const seconds = (performance.now() - started) / 1000;
  const { means, perQuery } = evaluateRetrieval(set.qrels, reranked, { k, convention, ignoreIdenticalIds });
  const { primary } = evaluator;
  const second: Evaluation = {
    metrics: means,
    perQuery: new Map([...perQuery].map(([query, scores]) => [query, scores[primary]])),
    run: reranked,
    set,
  };
  return { reranker, depth, pairs, seconds, evaluation: second, comparison: compareQueries(evaluation, second, { seed: SEED }) };
}
