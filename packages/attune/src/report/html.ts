// What attune knows about a training or an evaluation, as the data of an HTML report. Measures nothing itself.

import { folderOf, joinPath, sharedHistogramOf } from "@attune/core";
import type { Files } from "@attune/core";
import type { EmbeddingModel } from "@attune/embedding";
import { pairedGain } from "@attune/evaluation";
import type { Evaluation, PairedComparison, QueryAnswers } from "@attune/evaluation";
import { renderReport } from "@attune/report";
import type { AnswerCounts, AnswerScores, Comparison, MetricCurve, Named, ReportData } from "@attune/report";
import type { TrainEvent, TrainResult } from "@attune/train";
import { changedQueries } from "../evaluating/changed-queries.ts";
import { modelName } from "../models/model-name.ts";
import { sampleLengths } from "../training/lengths.ts";
import { LOG } from "../training/output-folder.ts";
import type { PreparedTraining } from "../training/prepare.ts";
import { columnsOf } from "./columns.ts";
import { curvesOf, eventsOf, metricCurvesOf, readEvents } from "./events.ts";
import { settingsOf } from "./facts.ts";
import { scoresOf } from "./metrics.ts";
import { count, duration, metricLabel, plural, rough, share } from "./numbers.ts";

export interface ReportedTraining {
  readonly prepared: PreparedTraining;
  readonly result: TrainResult;
  /** The tuned one; its tokenizer counts lengths. */
  readonly model: EmbeddingModel;
  readonly before?: Evaluation | undefined;
  readonly after?: Evaluation | undefined;
  readonly title?: string;
  /** Other methods on the same task. */
  readonly baselines?: readonly { readonly name: string; readonly metrics: Readonly<Record<string, number>> }[];
}

/** Writes the report of a finished training to `path`; its curves are read from the run's log, so that a resumed run shows all of them. */
export async function writeTrainingReport(files: Files, path: string, training: ReportedTraining): Promise<void> {
  const { prepared, result, model, before, after } = training;
  const { settings, record } = prepared;
  const log = joinPath(settings.output, LOG);
  const events = await readEvents(files, log);
  const speed = result.tokensPerSecond === undefined ? "" : ` at ${rough(result.tokensPerSecond)} tokens/s`;
  const data: ReportData = {
    title: training.title ?? `Training of ${modelName(settings.output)}`,
    subtitle: [
      `from ${settings.model}`,
      `${stepsOf(training)} in ${duration(result.seconds)}${speed}`,
      ...(result.best ? [`the model is that of step ${result.best.step}`] : []),
      `${record.backend.name} (${record.backend.description})`,
    ].join(" · "),
    warnings: warningsOf(training, events),
    ...(after && { comparison: comparisonOf(training, after) }),
    curves: curvesOf(events),
    log: beside(path, log),
    metrics: metricCurvesOf(events),
    ...(after && { scores: answerScores(after, before) }),
    wrongAnswers: nearestWrong(after),
    data: dataOf(prepared, model),
    settings: [...settingsOf({ ...prepared.recorded, report: undefined }), ...Object.entries(record.versions)],
  };
  await files.write(path, renderReport(data));
}

/** "6 steps", or how many of all where it ended before the last one. */
function stepsOf({ prepared, result: { steps, stoppedEarly } }: ReportedTraining): string {
  return stoppedEarly ? `stopped early after ${steps} of ${plural(prepared.steps.total, "step")}` : plural(steps, "step");
}

/** A file as one says it who reads the page at `page`. */
function beside(page: string, file: string): string {
  const folder = `${folderOf(page)}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}

/** What `attune eval` measured. */
export interface ReportedEvaluation {
  readonly model: string;
  /** What it was measured on. */
  readonly source: string;
  readonly primary: string;
  readonly evaluation: Evaluation;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of the negatives that it was trained with. */
  readonly mining?: ReportData["mining"];
}

/** Writes the report of an evaluation to `path`. */
export async function writeEvaluationReport(files: Files, path: string, reported: ReportedEvaluation): Promise<void> {
  const { model, source, primary, evaluation, settings, mining } = reported;
  const data: ReportData = {
    title: `Evaluation of ${modelName(model)}`,
    subtitle: model,
    comparison: { source, after: scoresOf(evaluation.metrics, primary), primary: metricLabel(primary) },
    scores: answerScores(evaluation),
    wrongAnswers: nearestWrong(evaluation),
    ...(mining && { mining }),
    settings: settingsOf(settings),
  };
  await files.write(path, renderReport(data));
}

/** Two models on one task. */
export interface ReportedComparison {
  readonly base: string;
  readonly tuned: string;
  readonly source: string;
  readonly primary: string;
  readonly before: Evaluation;
  readonly after: Evaluation;
  readonly compared: PairedComparison | undefined;
  /** Of the training, where it is known, and the file that they are from. */
  readonly curves?: ReportData["curves"];
  readonly log?: string;
  /** Of the negatives that the tuned one was trained with. */
  readonly mining?: ReportData["mining"];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Wins, and as many losses, that are worth reading. */
const CHANGES = 20;

/** Writes the report of a comparison to `path`. */
export async function writeComparisonReport(files: Files, path: string, reported: ReportedComparison): Promise<void> {
  const { base, tuned, source, primary, before, after, compared, curves, log, mining, settings } = reported;
  const queries: Named[] = compared
    ? [
        ["queries", count(compared.queries)],
        ["won, tied, lost", [compared.wins, compared.ties, compared.losses].map(count).join(", ")],
      ]
    : [];
  const data: ReportData = {
    title: `${modelName(tuned)} against ${modelName(base)}`,
    subtitle: `before: ${base} · after: ${tuned}`,
    comparison: {
      source,
      before: scoresOf(before.metrics, primary),
      after: scoresOf(after.metrics, primary),
      primary: metricLabel(primary),
      ...(compared && { gain: { low: compared.gain.low, high: compared.gain.high, p: compared.p } }),
    },
    scores: answerScores(after, before),
    changes: compared ? changedQueries(compared, { before, after }, CHANGES) : { wins: [], losses: [] },
    ...(curves && { curves }),
    ...(log !== undefined && { log: beside(path, log) }),
    wrongAnswers: nearestWrong(after),
    ...(mining && { mining }),
    data: queries,
    settings: settingsOf(settings),
  };
  await files.write(path, renderReport(data));
}

/** Writes a page with a metric over the steps of a training to `path`. */
export async function writeStepsReport(
  files: Files,
  path: string,
  {
    title,
    source,
    curves,
    settings,
  }: { title: string; source: string; curves: readonly MetricCurve[]; settings: Readonly<Record<string, unknown>> },
): Promise<void> {
  const data: ReportData = { title, subtitle: source, metrics: curves, settings: settingsOf(settings) };
  await files.write(path, renderReport(data));
}

function comparisonOf({ prepared, before, baselines = [] }: ReportedTraining, after: Evaluation): Comparison {
  const { evaluator, source } = prepared.evaluation.report!;
  const { primary } = evaluator;
  const gain = before && pairedGain(before, after, { seed: prepared.settings.seed });
  return {
    source,
    baselines: baselines.map(({ name, metrics }) => ({ name, scores: scoresOf(metrics, primary) })),
    ...(before && { before: scoresOf(before.metrics, primary) }),
    after: scoresOf(after.metrics, primary),
    primary: metricLabel(primary),
    ...(gain && { gain }),
  };
}

/** Bins for the scores of answers. */
const BINS = 40;

/** What both models' answers score, on one scale; nothing where the later evaluation has no answers, since one half would pass for the whole. */
function answerScores(after: Evaluation, before?: Evaluation): AnswerScores {
  const later = after.answers ?? [];
  const earlier = later.length > 0 ? (before?.answers ?? []) : [];
  const { edges, counts } = sharedHistogramOf([...scoresOfAnswers(earlier), ...scoresOfAnswers(later)], BINS);
  return {
    edges,
    ...(earlier.length > 0 && { before: answerCounts(earlier, counts.slice(0, 2)) }),
    ...(later.length > 0 && { after: answerCounts(later, counts.slice(2)) }),
  };
}

/** Of right answers, and of wrong ones. */
function scoresOfAnswers(answers: readonly QueryAnswers[]): number[][] {
  return [answers.map(({ right }) => right.score), answers.map(({ wrong }) => wrong.score)];
}

function answerCounts(answers: readonly QueryAnswers[], [right, wrong]: readonly (readonly number[])[]): AnswerCounts {
  const won = answers.filter((one) => one.right.score > one.wrong.score).length;
  return { right, wrong, queries: answers.length, won };
}

/** So many wrong answers are worth reading. */
const WRONG_ANSWERS = 20;

/** Those that are furthest above the right answer, or the least below it. */
function nearestWrong(evaluation: Evaluation | undefined): QueryAnswers[] {
  const lead = ({ right, wrong }: QueryAnswers): number => wrong.score - right.score;
  return [...(evaluation?.answers ?? [])].sort((a, b) => lead(b) - lead(a)).slice(0, WRONG_ANSWERS);
}

function warningsOf({ prepared: { data, warnings }, result }: ReportedTraining, events: readonly TrainEvent[]): string[] {
  const { count: bad, first } = data.bad;
  return [
    ...(bad > 0 ? [`${plural(bad, "bad row was", "bad rows were")} left out${first ? `; the first: ${first.sentence}` : ""}`] : []),
    ...warnings,
    ...(result.skippedSteps > 0 ? [`${plural(result.skippedSteps, "step")} not applied: the gradient was not finite`] : []),
    ...new Set(eventsOf(events, "warning").map(({ message }) => message)),
  ];
}

function dataOf({ dataName, data, rows, sample, evaluation }: PreparedTraining, model: EmbeddingModel): Named[] {
  const held = rows.all - rows.trained;
  const facts: Named[] = [
    ["training rows", dataName],
    ["columns", columnsOf(data.format)],
    ["rows", `${count(rows.all + data.bad.count)}, ${count(rows.trained)} of them trained on`],
  ];
  if (data.bad.count > 0) facts.push(["bad rows left out", count(data.bad.count)]);
  if (held > 0) facts.push(["held out", count(held)]);
  if (evaluation.report) facts.push(["measured on", evaluation.report.source]);
  for (const { source } of evaluation.during) facts.push(["measured while training", source]);
  if (sample.length === 0) return facts;
  const { anchors, positives } = sampleLengths(model, sample);
  const length = ({ median, atLimit, texts }: typeof anchors): string =>
    `${median} tokens median, ${share(atLimit, texts)} at the limit of ${model.parts.maxLength}`;
  return [...facts, ["anchors", length(anchors)], ["positives", length(positives)]];
}
