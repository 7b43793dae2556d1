// What attune knows about a training or an evaluation, as the data of an HTML report. Measures nothing itself.

import { baseName, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { EmbeddingModel } from "@attune/embedding";
import { bootstrapDifference } from "@attune/evaluation";
import type { Evaluation, QueryAnswers } from "@attune/evaluation";
import { renderReport } from "@attune/report";
import type { Comparison, MetricCurve, Named, ReportData, Scores, StepCurves, TopScores } from "@attune/report";
import type { TrainEvent, TrainResult } from "@attune/train";
import { sampleLengths } from "../training/lengths.ts";
import type { PreparedTraining } from "../training/prepare.ts";
import { count, duration, metricLabel, number, plural, rough, share } from "./numbers.ts";

/** The report's name in an output folder. */
export const REPORT = "report.html";

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
  const events = await readEvents(files, joinPath(settings.output, "log.jsonl"));
  const speed = result.tokensPerSecond === undefined ? "" : ` at ${rough(result.tokensPerSecond)} tokens/s`;
  const data: ReportData = {
    title: training.title ?? `Training of ${baseName(settings.output)}`,
    subtitle: `from ${settings.model} · ${plural(result.steps, "step")} in ${duration(result.seconds)}${speed} · ${record.backend.name} (${record.backend.description})`,
    warnings: warningsOf(training, events),
    ...(after && { comparison: comparisonOf(training, after) }),
    curves: curvesOf(events),
    metrics: metricsOf(prepared, events),
    scores: { ...(before?.answers && { before: topScores(before.answers) }), ...(after?.answers && { after: topScores(after.answers) }) },
    wrongAnswers: nearestWrong(after),
    data: dataOf(prepared, model),
    settings: [...settingsOf({ ...prepared.recorded, report: undefined }), ...Object.entries(record.versions)],
  };
  await files.write(path, renderReport(data));
}

/** What `attune eval` measured. */
export interface ReportedEvaluation {
  readonly model: string;
  /** What it was measured on. */
  readonly source: string;
  readonly primary: string;
  readonly evaluation: Evaluation;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Writes the report of an evaluation to `path`. */
export async function writeEvaluationReport(files: Files, path: string, reported: ReportedEvaluation): Promise<void> {
  const { model, source, primary, evaluation, settings } = reported;
  const data: ReportData = {
    title: `Evaluation of ${baseName(model)}`,
    subtitle: model,
    comparison: { source, after: scoresOf(evaluation.metrics, primary), primary: metricLabel(primary) },
    ...(evaluation.answers && { scores: { after: topScores(evaluation.answers) } }),
    wrongAnswers: nearestWrong(evaluation),
    settings: settingsOf(settings),
  };
  await files.write(path, renderReport(data));
}

type EventOf<T extends TrainEvent["type"]> = Extract<TrainEvent, { type: T }>;

/** The events of the whole run; none where no log was kept. */
async function readEvents(files: Files, path: string): Promise<TrainEvent[]> {
  if (!(await files.status(path))) return [];
  const lines = (await files.readText(path)).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as TrainEvent);
}

function eventsOf<T extends TrainEvent["type"]>(events: readonly TrainEvent[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

function curvesOf(events: readonly TrainEvent[]): StepCurves {
  const steps = eventsOf(events, "step");
  return {
    steps: steps.map(({ step }) => step),
    loss: steps.map(({ loss }) => loss),
    learningRate: steps.map(({ learningRate }) => learningRate),
    gradientNorm: steps.map(({ gradientNorm }) => gradientNorm),
  };
}

/** More lines than this cannot be told apart. */
const MOST_CURVES = 6;

function metricsOf({ evaluation: { during } }: PreparedTraining, events: readonly TrainEvent[]): MetricCurve[] {
  const evaluations = eventsOf(events, "evaluation");
  if (!during || evaluations.length === 0) return [];
  const { metrics, primary } = during.evaluator;
  const names = ordered(metrics, primary).filter((name) => cutoff(name) === cutoff(primary));
  const steps = evaluations.map(({ step }) => step);
  return names.slice(0, MOST_CURVES).map((name) => ({
    metric: metricLabel(name),
    steps,
    values: evaluations.map(({ metrics }) => metrics[name] ?? null),
  }));
}

function comparisonOf({ prepared, before, baselines = [] }: ReportedTraining, after: Evaluation): Comparison {
  const { evaluator, source } = prepared.evaluation.report!;
  const { primary } = evaluator;
  const gain = before && gainOf(before, after, prepared.settings.seed);
  return {
    source,
    baselines: baselines.map(({ name, metrics }) => ({ name, scores: scoresOf(metrics, primary) })),
    ...(before && { before: scoresOf(before.metrics, primary) }),
    after: scoresOf(after.metrics, primary),
    primary: metricLabel(primary),
    ...(gain && { gain }),
  };
}

/** The interval of the gain over queries, where both evaluations have values per query. */
export function gainOf(before: Evaluation, after: Evaluation, seed: number): { low: number; high: number } | undefined {
  if (!before.perQuery || !after.perQuery) return undefined;
  const shared = [...after.perQuery.keys()].filter((query) => before.perQuery!.has(query));
  if (shared.length === 0) return undefined;
  const [base, tuned] = [before.perQuery, after.perQuery].map((scores) => shared.map((query) => scores.get(query)!));
  return bootstrapDifference(base, tuned, { seed });
}

function scoresOf(metrics: Readonly<Record<string, number>>, primary: string): Scores {
  return Object.fromEntries(ordered(Object.keys(metrics), primary).map((name) => [metricLabel(name), metrics[name]]));
}

/** The primary metric, those with its cut-off, and all others. */
function ordered(names: readonly string[], primary: string): string[] {
  const rank = (name: string): number => (name === primary ? 0 : cutoff(name) === cutoff(primary) ? 1 : 2);
  return [...names].sort((a, b) => rank(a) - rank(b));
}

function cutoff(metric: string): string | undefined {
  return metric.split("@")[1];
}

function topScores(answers: readonly QueryAnswers[]): TopScores {
  return { right: answers.map(({ right }) => right.score), wrong: answers.map(({ wrong }) => wrong.score) };
}

/** So many wrong answers are worth reading. */
const WRONG_ANSWERS = 20;

/** Those that are furthest above the right answer, or the least below it. */
function nearestWrong(evaluation: Evaluation | undefined): QueryAnswers[] {
  const lead = ({ right, wrong }: QueryAnswers): number => wrong.score - right.score;
  return [...(evaluation?.answers ?? [])].sort((a, b) => lead(b) - lead(a)).slice(0, WRONG_ANSWERS);
}

function warningsOf({ prepared: { data }, result }: ReportedTraining, events: readonly TrainEvent[]): string[] {
  const { count: bad, first } = data.bad;
  return [
    ...(bad > 0 ? [`${plural(bad, "bad row was", "bad rows were")} left out${first ? `; the first: ${first.sentence}` : ""}`] : []),
    ...(result.skippedSteps > 0 ? [`${plural(result.skippedSteps, "step")} not applied: the gradient was not finite`] : []),
    ...new Set(eventsOf(events, "warning").map(({ message }) => message)),
  ];
}

function dataOf({ settings, data, evaluation, probes }: PreparedTraining, model: EmbeddingModel): Named[] {
  const held = data.rows.length - evaluation.rows.length;
  const facts: Named[] = [
    ["training rows", settings.data],
    ["columns", data.format.columns.join(", ")],
    ["rows", `${count(data.rows.length + data.bad.count)}, ${count(evaluation.rows.length)} of them trained on`],
  ];
  if (data.bad.count > 0) facts.push(["bad rows left out", count(data.bad.count)]);
  if (held > 0) facts.push(["held out", count(held)]);
  if (evaluation.report) facts.push(["measured on", evaluation.report.source]);
  if (evaluation.during) facts.push(["measured while training", evaluation.during.source]);
  if (probes.length === 0) return facts;
  const { anchors, positives } = sampleLengths(model, evaluation.rows);
  const length = ({ median, atLimit, texts }: typeof anchors): string =>
    `${median} tokens median, ${share(atLimit, texts)} at the limit of ${model.parts.maxLength}`;
  return [...facts, ["anchors", length(anchors)], ["positives", length(positives)]];
}

/** Settings as rows; what was not set is left out. */
function settingsOf(settings: Readonly<Record<string, unknown>>): Named[] {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return set.map(([name, value]): Named => [words(name), said(value)]);
}

/** "batchSize" -> "batch size" */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A value as a person would say it: "infonce (temperature 0.05)" for a plugin with its options. */
function said(value: unknown): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && isRecord(value[1])) {
    const options = optionList(value[1]);
    return options === "" ? value[0] : `${value[0]} (${options})`;
  }
  if (Array.isArray(value)) return value.map(said).join(", ");
  return isRecord(value) ? optionList(value) : String(value);
}

function optionList(options: Readonly<Record<string, unknown>>): string {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return set.map(([name, value]) => `${words(name)} ${said(value)}`).join(", ");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
