// What a training is measured on. A test split is only reported; what is looked at during training is the dev split or held-out rows.

import { AttuneError, joinPath } from "@attune/core";
import { holdOutStoppably, labelOf } from "@attune/data";
import type { Row } from "@attune/data";
import { encode } from "@attune/embedding";
import type { EmbeddingModel, LoadedModel } from "@attune/embedding";
import { createRetrievalEvaluator, createStsEvaluator, retrievalSetOf, scoredPairsOf } from "@attune/evaluation";
import type { Evaluation, TextEmbedder } from "@attune/evaluation";
import { plural } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";
import { flagName } from "../settings/flag-name.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import { stoppable } from "../stoppable.ts";
import { contentOf } from "./evaluation-content.ts";
import { evaluationSets, evaluatorOfSet, leakWarnings, queriesOfSplit, setName, together, withDistinctNames } from "./evaluation-sets.ts";
import type { EvaluationSet, EvaluatorPlace, Measured } from "./evaluation-sets.ts";

export interface EvaluationPlan {
  /** Before and after. */
  readonly report?: Measured;
  /** Every `evalSteps`; empty unless that is asked for. */
  readonly during: readonly Measured[];
  /** What is left to train on. */
  readonly rows: readonly Row[];
  /** What a reader of the scores should know. */
  readonly warnings: readonly string[];
}

type Settings = Pick<
  CompleteTrainSettings,
  "eval" | "evalData" | "evalK" | "evalSteps" | "holdOut" | "seed" | "bestMetric" | "patience" | "streaming"
>;

/**
 * Chooses evaluators by what the settings and the folders offer. `paths` are those of the training data. E_OPTION for `evalSteps` with
 * nothing to evaluate on, and for `evalK` without retrieval.
 */
export async function planEvaluation(
  settings: Settings,
  { rows, paths }: { rows: readonly Row[]; paths: readonly string[] },
  loaded: LoadedModel,
  { context, engine }: Runtime,
): Promise<EvaluationPlan> {
  if (!settings.eval) {
    expectNoEvaluation(settings);
    return { rows, during: [], warnings: [] };
  }
  const place: EvaluatorPlace = { context: stoppable(context), engine, similarity: similarityOf(loaded), k: settings.evalK };
  const { holdOut: share, seed } = settings;
  const held = share === undefined ? undefined : await holdOutStoppably(rows, share, seed, context.signal);
  const heldOut = held && heldOutEvaluator(held.heldOut, place);
  const chosen = evaluationSets(settings.evalData, context);
  const asked = chosen.length > 0 ? chosen : paths.map((path) => ({ path }));
  const found: { test?: Measured; dev?: Measured }[] = [];
  for (const set of asked)
    found.push(await measuresOf(set, { ...place, chosen: chosen.length > 0, watched: settings.evalSteps !== undefined }));
  const tests = withDistinctNames(found.flatMap(({ test }) => test ?? []));
  const devs = withDistinctNames([...(heldOut ? [heldOut] : []), ...found.flatMap(({ dev }) => dev ?? [])]);
  expectMeasured(settings, { tests, devs });
  const training = held?.training ?? rows;
  const report = together(tests) ?? heldOut;
  const during = settings.evalSteps === undefined ? [] : devs;
  const leaks = settings.streaming ? unknownLeaks([...tests, ...during]) : await leakWarnings([...tests, ...during], training);
  const unmeasured = held && report !== heldOut && during.length === 0 ? [neverMeasured(held.heldOut.length)] : [];
  const noted = [...tests, ...during].flatMap(({ evaluator, source }) => (evaluator.notes ?? []).map((note) => `${source}: ${note}`));
  const warnings = new Set([...leaks, ...unmeasured, ...noted]);
  return { rows: training, ...(report && { report }), during, warnings: [...warnings] };
}

/** Streamed rows are gone by the time that the questions are known. */
function unknownLeaks(sets: readonly Measured[]): string[] {
  const sources = [...new Set(sets.flatMap(({ queries, source }) => (queries ? [source] : [])))];
  if (sources.length === 0) return [];
  return [
    `streamed rows are not searched for questions of ${sources.join(" and ")}: scores on those that are also trained on say nothing about new questions`,
  ];
}

function neverMeasured(rows: number): string {
  return `${plural(rows, "row")} held out of training are never measured, since other data is reported (give --eval-steps, or leave --hold-out out)`;
}

/** E_OPTION for a setting of evaluations where all are left out. */
function expectNoEvaluation(settings: Settings): void {
  const unused = (["evalData", "evalK", "evalSteps", "holdOut", "bestMetric", "patience"] as const).find(
    (key) => settings[key] !== undefined,
  );
  if (unused === undefined) return;
  const place = `--${flagName(unused)}`;
  throw new AttuneError({ code: "E_OPTION", place, problem: "asks for an evaluation, and --no-eval leaves all out" });
}

/** E_OPTION for a setting that nothing which is measured follows. */
function expectMeasured({ evalSteps, evalK }: Settings, { tests, devs }: { tests: readonly Measured[]; devs: readonly Measured[] }): void {
  if (evalSteps !== undefined && devs.length === 0) {
    throw new AttuneError({
      code: "E_OPTION",
      place: "--eval-steps",
      problem: "has nothing to evaluate on: a test split is only reported",
      hint: "give --hold-out 0.05, or --eval-data with a file, or with a folder that has qrels/dev.tsv",
    });
  }
  if (evalK === undefined || [...tests, ...devs].some(({ evaluator }) => evaluator.ranks)) return;
  const problem = "is for retrieval, and nothing here is measured by it";
  throw new AttuneError({ code: "E_OPTION", place: "--eval-k", problem, hint: "give --hold-out 0.05, or --eval-data" });
}

/** Scored pairs by their correlation, as a file of them would be; other rows by whether each anchor finds its positives. */
function heldOutEvaluator(rows: readonly Row[], { engine, similarity, k }: EvaluatorPlace): Measured {
  const name = "held-out";
  const source = `${plural(rows.length, "row")} held out of training`;
  const scores = new Set(rows.map(labelOf));
  if (scores.size > 1 && !scores.has(undefined)) {
    return { evaluator: createStsEvaluator(scoredPairsOf(rows, name), { name }), source: `${source} (sts)` };
  }
  return { evaluator: createRetrievalEvaluator(retrievalSetOf(rows), { engine, name, similarity, ...(k && { k }) }), source };
}

/**
 * A folder's test split is reported, or else its dev split, which is looked at while training; a file has no splits: it is all there is to look at.
 * A split that nothing is measured on is not read: that would take a corpus more of memory.
 */
async function measuresOf(
  set: EvaluationSet,
  { chosen, watched, ...place }: EvaluatorPlace & { chosen: boolean; watched: boolean },
): Promise<{ test?: Measured; dev?: Measured }> {
  const folder = (await place.context.files.status(set.path))?.kind === "folder";
  if (!folder || set.evaluator !== undefined) {
    if (!chosen) return {};
    const measured = { ...(await evaluatorOfSet(set, place)), content: await contentOf(set, place.context) };
    return { test: measured, dev: measured };
  }
  const hasDev = (await place.context.files.status(qrelsOf(set, "dev"))) !== undefined;
  const test = await splitEvaluator(set, "test", { ...place, needed: chosen && !hasDev });
  const dev = watched || (chosen && !test) ? await splitEvaluator(set, "dev", { ...place, needed: false }) : undefined;
  const reported = test ?? (chosen ? dev : undefined);
  return { ...(reported && { test: reported }), ...(dev && { dev }) };
}

async function splitEvaluator(
  set: EvaluationSet,
  split: string,
  { context, similarity, k, needed }: EvaluatorPlace & { needed: boolean },
): Promise<Measured | undefined> {
  const { path, name = setName(path) } = set;
  const { files, registry } = context;
  const qrels = await files.status(qrelsOf(set, split));
  if (!needed && !qrels) return undefined;
  const evaluator = await registry.create("evaluator", "retrieval", { data: path, split, similarity, ...(k && { k }) }, context);
  return {
    evaluator: { ...evaluator, name },
    source: `${path}, split ${split}`,
    content: await contentOf(set, context, split),
    ...(qrels && { queries: () => queriesOfSplit(context, path, split) }),
  };
}

function qrelsOf({ path }: EvaluationSet, split: string): string {
  return joinPath(path, "qrels", `${split}.tsv`);
}

/** Which of the two similarities that retrieval knows a model is made for. */
export function similarityOf({ source }: LoadedModel): "cosine" | "dot" {
  return source.similarity === "dot" ? "dot" : "cosine";
}

/** Measures a model. `onProgress` hears how many texts are embedded. */
export async function measure(
  { evaluator }: Measured,
  model: EmbeddingModel,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<Evaluation> {
  let before = 0;
  const embedder: TextEmbedder = {
    dimension: model.dimension,
    async encode(texts, side) {
      const vectors = await encode(model, texts, {
        ...(side && { side }),
        ...(signal && { signal }),
        onProgress: (done) => onProgress?.(before + done),
      });
      before += texts.length;
      return vectors;
    },
  };
  return evaluator.evaluateQueries(embedder, signal);
}
