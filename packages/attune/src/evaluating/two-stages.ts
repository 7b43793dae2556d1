// The second stage of a retrieval that was measured: a cross-encoder orders what was found, and both orders are scored alike.

import { compareQueries, evaluateRetrieval } from "@attune/evaluation";
import type { Convention, Evaluation, PairedComparison, Run } from "@attune/evaluation";
import { modelName } from "../models/model-name.ts";
import type { Runtime } from "../runtime.ts";
import { pairsToScore, rerankRun } from "../scoring/rerank-run.ts";
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
  /** Spent on them. */
  readonly seconds: number;
  /** Both stages as one model that is named by both: its order has no answers, since the scores of those are the first stage's. */
  readonly measurement: Measurement;
  /** Against the first stage, in its primary metric. */
  readonly comparison: PairedComparison | undefined;
}

/** Reranks the run of a measurement; documents deeper than `depth` keep their order. E_MODEL_FOLDER, E_LABELS and what loading throws. */
export async function rerankMeasured(
  { model, evaluator, choice, evaluation, seconds: before }: Measurement,
  { reranker, rerankerMaxLength, batchTokens }: EvalSettings & { reranker: string },
  runtime: Runtime,
  onProgress: (pairs: number) => void,
): Promise<SecondStage> {
  const { depth, k, convention, ignoreIdenticalIds } = choice[1] as {
    depth: number;
    k: number[];
    convention: Convention;
    ignoreIdenticalIds: boolean;
  };
  const set = evaluation.set!;
  const itself = (query: string, document: string): boolean => ignoreIdenticalIds && query === document;
  const run: Run = new Map([...evaluation.run!].map(([query, hits]) => [query, hits.filter(({ document }) => !itself(query, document))]));
  const pairs = pairsToScore({ run, depth });
  using scorer = await openCrossEncoder({ model: reranker, maxLength: rerankerMaxLength, batchTokens }, runtime, { onProgress });
  const started = performance.now();
  const reranked = await rerankRun({ run, depth, queries: set.queries, documents: set.corpus }, scorer.scoring());
  const seconds = (performance.now() - started) / 1000;
  const { means, perQuery } = evaluateRetrieval(set.qrels, reranked, { k, convention, ignoreIdenticalIds });
  const { primary } = evaluator;
  const second: Evaluation = {
    metrics: means,
    perQuery: new Map([...perQuery].map(([query, scores]) => [query, scores[primary]])),
    run: reranked,
    set,
  };
  const named = { model: bothNames(model, reranker), evaluator, choice };
  const measurement = { ...named, evaluation: second, seconds: before + seconds, work: { pairs, seconds } };
  return { reranker, depth, pairs, seconds, measurement, comparison: compareQueries(evaluation, second, { seed: SEED }) };
}

/** "org/all-MiniLM-L6-v2 + ms-marco-MiniLM-L6-v2"; a path that ends in no name is called as its folder is. */
function bothNames(model: string, reranker: string): string {
  const first = /(^|\/)\.{1,2}\/*$/.test(model) ? modelName(model) : model.replace(/\/+$/, "");
  return `${first} + ${modelName(reranker)}`;
}
