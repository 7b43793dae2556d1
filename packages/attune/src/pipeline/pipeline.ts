// One command from pairs to a tuned model that is compared with its base: inspect, baseline, mine, train, evaluate, report. Every stage leaves its
// result on the disk before the next one begins, so that whatever ends the process, the next call goes on. Prints nothing.

import { AttuneError, folderOf, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { stoppableFiles } from "@attune/data";
import { compareQueries, createRetrievalEvaluator } from "@attune/evaluation";
import type { Evaluation, PairedComparison } from "@attune/evaluation";
import { openSubject } from "../evaluating/subject.ts";
import { inspectData } from "../inspect/inspect-data.ts";
import { wordRuler } from "../inspect/word-ruler.ts";
import { runMining } from "../mining/job.ts";
import type { MiningObserver, MiningOutcome } from "../mining/job.ts";
import type { Runtime } from "../runtime.ts";
import { evalSettings } from "../settings/eval-settings.ts";
import { mineSettings } from "../settings/mine-settings.ts";
import { stageNames } from "../settings/pipeline-settings.ts";
import type { PipelineSettings, StageName } from "../settings/pipeline-settings.ts";
import { expectOutside, LOCK, RECORD } from "../training/output-folder.ts";
import { expectUsable, inputsOf, modelsOf } from "./inputs.ts";
import { writePipelineReport } from "./report.ts";
import { splitData, splitFiles, writeSplit } from "./split.ts";
import type { PipelineData } from "./split.ts";
import { expectOwnFolder, isDone, newState, openState, writeState } from "./state.ts";
import type { PipelineState } from "./state.ts";
import { readEvaluation, writeEvaluation } from "./stored-evaluation.ts";
import { trainStage } from "./train-stage.ts";
import type { TrainStageObserver } from "./train-stage.ts";

/** Hears how a pipeline goes. */
export interface PipelineObserver {
  data(data: PipelineData): void;
  /** A stage begins, is left out, or was done by an earlier call. */
  stage(stage: StageName, what: "begins" | "skipped" | "done before"): void;
  finished(stage: StageName, seconds: number, result: unknown): void;
  embedded(texts: number): void;
  readonly mining: MiningObserver;
  readonly training: TrainStageObserver;
}

export interface PipelineResult {
  /** "stopped": by a signal, during the training. */
  readonly status: "done" | "stopped";
  readonly stages: PipelineState["stages"];
  /** The tuned model, where one was trained. */
  readonly model?: string;
  readonly primary: string;
  readonly base?: Evaluation;
  readonly tuned?: Evaluation;
  readonly compared?: PairedComparison;
  readonly report?: string;
}

/** Files of a pipeline's folder. */
function pipelineFiles(output: string) {
  const file = (name: string): string => joinPath(output, name);
  return {
    inspect: file("inspect.json"),
    baseline: file("baseline.json"),
    mined: file("mined.jsonl"),
    vectors: file("vectors"),
    model: file("model"),
    evaluation: file("evaluation.json"),
    report: file("report.html"),
  };
}

/**
 * Runs what is not done yet, or with `overwrite` everything again; data and models are looked at before anything is removed. E_OUTPUT, E_RESUME,
 * E_LOCKED, and the errors of the stages.
 */
export async function runPipeline(
  settings: PipelineSettings,
  runtime: Runtime,
  observer: PipelineObserver,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<PipelineResult> {
  const { files, signal } = runtime.context;
  const { output } = settings;
  const data = await splitData(stoppableFiles(files, signal), settings);
  await expectUsable(settings, runtime);
  const inputs = { rows: data.rows, corpus: data.corpus, model: await modelsOf(settings, runtime) };
  await expectOwnFolder(files, output);
  if (overwrite) expectOutside(output, await inputsOf(settings, runtime));
  await files.makeFolder(output);
  await using _lock = await files.lock(joinPath(output, LOCK));
  if (overwrite) await beginAnew(files, output, newState(settings, inputs));
  const state = await openState(files, settings, inputs);
  observer.data(data);
  await writeState(files, output, state);
  await writeSplit(files, output, data);
  const skipped = skippedStages(settings);
  let stopped = false;
  for (const stage of stageNames) {
    signal.throwIfAborted();
    if (isDone(state, stage) && stage !== "report") {
      observer.stage(stage, "done before");
      continue;
    }
    if (skipped.has(stage)) {
      observer.stage(stage, "skipped");
      continue;
    }
    observer.stage(stage, "begins");
    const began = performance.now();
    const result = await stages[stage]({ settings, data, state, runtime, observer });
    if (result === undefined) {
      stopped = true;
      break;
    }
    const seconds = (performance.now() - began) / 1000;
    state.stages[stage] = { seconds, result };
    await writeState(files, output, state);
    observer.finished(stage, seconds, result);
  }
  return outcome(settings, { data, state, stopped }, runtime);
}

/** Without a tuned model there is nothing to evaluate; without any evaluation there is nothing to report. */
function skippedStages({ skip }: PipelineSettings): ReadonlySet<StageName> {
  const skipped = new Set<StageName>(skip);
  if (skipped.has("train")) skipped.add("evaluate");
  if (skipped.has("evaluate")) skipped.add("report");
  return skipped;
}

/**
 * Removes what an earlier pipeline has written; what somebody else has put there stays. A kill on the way leaves a pipeline that the next call
 * accepts: the state says first that nothing is done, and the training that was there is none any more before that.
 */
async function beginAnew(files: Files, output: string, state: PipelineState): Promise<void> {
  const { model, ...others } = pipelineFiles(output);
  await files.remove(joinPath(model, RECORD));
  await writeState(files, output, state);
  for (const path of [model, folderOf(splitFiles(output).training), ...Object.values(others)]) await files.remove(path);
}

interface StageInput {
  readonly settings: PipelineSettings;
  readonly data: PipelineData;
  readonly state: PipelineState;
  readonly runtime: Runtime;
  readonly observer: PipelineObserver;
}

/** What each stage does: plain data for pipeline.json, or undefined when it was stopped and will go on. */
const stages: Readonly<Record<StageName, (input: StageInput) => Promise<unknown>>> = {
  async inspect({ settings: { data, columns, output }, runtime }) {
    const facts = await inspectData(runtime.context.files, data, { ruler: wordRuler, ...(columns && { columns }) });
    await runtime.context.files.write(pipelineFiles(output).inspect, `${JSON.stringify(facts, null, 2)}\n`);
    return { findings: facts.findings.map(({ kind, count }) => ({ kind, count })) };
  },

  async baseline(input) {
    return evaluated(input, input.settings.model, pipelineFiles(input.settings.output).baseline);
  },

  async mine({ settings, runtime, observer }) {
    const { output, model, maxLength, precision, miner, reranker, negatives, semantics, range, sampling } = settings;
    const { relativeMargin, maxScore, perDocument, seed, device, threads } = settings;
    const paths = pipelineFiles(output);
    const needsModel = (Array.isArray(miner) ? miner[0] : miner) !== "bm25";
    const chosen = {
      negatives,
      semantics,
      ...(range && { range: range as [number, number] }),
      sampling,
      relativeMargin,
      maxScore,
      perDocument,
      seed,
    };
    const asked = mineSettings.parse({
      ...chosen,
      data: splitFiles(output).training,
      corpus: splitFiles(output).documents,
      output: paths.mined,
      ...(needsModel && { model, maxLength, cache: paths.vectors }),
      precision,
      miner,
      reranker,
      device,
      threads,
    });
    const { report, rows, encoded, rescored } = await runMining(asked, runtime, observer.mining);
    return { rows, encoded, rescored, report };
  },

  train({ settings, state, runtime, observer }) {
    const data = isDone(state, "mine") ? pipelineFiles(settings.output).mined : splitFiles(settings.output).training;
    return trainStage(settings, { data, output: pipelineFiles(settings.output).model }, runtime, observer.training);
  },

  async evaluate(input) {
    const { model, evaluation } = pipelineFiles(input.settings.output);
    return evaluated(input, model, evaluation);
  },

  async report({ settings, data, state, runtime }) {
    const evaluations = await storedEvaluations(settings, data, state, runtime);
    const path = pipelineFiles(settings.output).report;
    const mined = state.stages.mine?.result as Pick<MiningOutcome, "report"> | undefined;
    const found = { ...evaluations, ...(mined && { mined: mined.report }) };
    await writePipelineReport(path, settings, { ...found, data, primary: primaryOf(settings) }, runtime);
    return { report: path };
  },
};

/** Measures a model on the held-out queries and keeps what came out. */
async function evaluated({ settings, data, runtime, observer }: StageInput, model: string, path: string): Promise<object> {
  const { engine, context } = runtime;
  const { maxLength, k } = settings;
  const reading = evalSettings.parse({ model, data: settings.data, ...(maxLength !== undefined && { maxLength }) });
  using subject = await openSubject(reading, runtime, (texts) => observer.embedded(texts));
  const evaluator = createRetrievalEvaluator(data.set, { engine, k, similarity: subject.similarity });
  const evaluation = await evaluator.evaluateQueries(subject.embedder, context.signal);
  await writeEvaluation(context.files, path, evaluation);
  return { metrics: evaluation.metrics };
}

async function storedEvaluations(
  { output }: PipelineSettings,
  { set }: PipelineData,
  state: PipelineState,
  { context: { files } }: Runtime,
) {
  const { baseline, evaluation } = pipelineFiles(output);
  return {
    ...(isDone(state, "baseline") && { base: await readEvaluation(files, baseline, set) }),
    ...(isDone(state, "evaluate") && { tuned: await readEvaluation(files, evaluation, set) }),
  };
}

/** As the retrieval evaluator names it. */
function primaryOf({ k }: PipelineSettings): string {
  return `ndcg@${k.includes(10) ? 10 : k[0]}`;
}

async function outcome(
  settings: PipelineSettings,
  { data, state, stopped }: { data: PipelineData; state: PipelineState; stopped: boolean },
  runtime: Runtime,
): Promise<PipelineResult> {
  const { base, tuned } = await storedEvaluations(settings, data, state, runtime);
  const compared = base && tuned && compareQueries(base, tuned, { seed: settings.seed });
  const { model, report } = pipelineFiles(settings.output);
  return {
    status: stopped ? "stopped" : "done",
    stages: state.stages,
    ...(isDone(state, "train") && { model }),
    primary: primaryOf(settings),
    ...(base && { base }),
    ...(tuned && { tuned }),
    ...(compared && { compared }),
    ...(isDone(state, "report") && { report }),
  };
}

/** E_OPTION for a pipeline that skips all of its stages. */
export function expectSomeStage({ skip }: PipelineSettings): void {
  if (stageNames.some((stage) => !skip.includes(stage))) return;
  throw new AttuneError({ code: "E_OPTION", place: "--skip", problem: "leaves no stage" });
}
