// From settings to everything that a training needs, loaded and checked. Writes nothing.

import { AttuneError, expectShape } from "@attune/core";
import type { Kind, PluginKinds } from "@attune/core";
import { countRows, perSetSampler, textOf } from "@attune/data";
import type { DataFacts, LoadedRows, Row } from "@attune/data";
import type { LoadedModel } from "@attune/embedding";
import { jsonlTracker, planTraining, train, trainOptions, updatesOf, watchedMetric } from "@attune/train";
import type { Run, Tracker, TrainConfig } from "@attune/train";
import { absolutePath, attuneVersion, platformVersions } from "#platform";
import { hashParameters, hashReading, hashWeights } from "../models/model-hash.ts";
import { openModel } from "../models/open-model.ts";
import type { OpenedModel } from "../models/open-model.ts";
import { plural } from "../report/numbers.ts";
import { usePrecision } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { recordedChoice, resolveChoice } from "../settings/choice.ts";
import type { Chosen, PluginChoice } from "../settings/choice.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import { checkRows, earlyEnd, endlessWarmup } from "./checks.ts";
import { dataName, dataSetsOf, recordedData } from "./data-sets.ts";
import type { DataSet } from "./data-sets.ts";
import { matchingFiles, optionPaths, withOptionPaths } from "./evaluation-paths.ts";
import { evaluationSets, recordedSets } from "./evaluation-sets.ts";
import type { EvaluationSet } from "./evaluation-sets.ts";
import { planEvaluation } from "./evaluators.ts";
import type { EvaluationPlan } from "./evaluators.ts";
import { pluginReference } from "./plugin-reference.ts";
import { readData } from "./read-data.ts";
import type { RunRecord } from "./record.ts";
import { setLosses } from "./set-losses.ts";

export interface PreparedTraining {
  readonly settings: CompleteTrainSettings;
  /** The settings as they are recorded: names resolved, options complete, paths absolute. */
  readonly recorded: Readonly<Record<string, unknown>>;
  readonly record: RunRecord;
  readonly loaded: LoadedModel;
  /** Folders and files that are read: the model, data, evaluation data. */
  readonly inputs: readonly string[];
  /** What the data sets are called. */
  readonly dataName: string;
  readonly data: Omit<LoadedRows, "rows">;
  /** Good rows, and those of them that are trained on. */
  readonly rows: { readonly all: number; readonly trained: number };
  /** Rows that are trained on: all, or where they are streamed a few. */
  readonly sample: readonly Row[];
  /** What a person should know before the training. */
  readonly warnings: readonly string[];
  readonly evaluation: EvaluationPlan;
  readonly steps: { readonly total: number; readonly perEpoch: readonly number[] };
  /** Some texts of the data, to compare embeddings of. */
  readonly probes: readonly string[];
  readonly config: TrainConfig;
}

/** A model that is loaded already. */
export interface GivenModel extends LoadedModel {
  /** Its weights are not those of its folder any more. */
  readonly changed?: boolean;
}

export interface PrepareOptions {
  readonly given?: GivenModel | undefined;
  /** How messages call a setting: "--batch-size". */
  readonly nameOf?: ((setting: string) => string) | undefined;
}

/** Loads and checks all that `settings` name. E_OPTION for what only a model that is named can be told, E_CLOSED for a given one that was disposed. */
export async function prepareTraining(
  settings: CompleteTrainSettings,
  runtime: Runtime,
  { given, nameOf }: PrepareOptions = {},
): Promise<PreparedTraining> {
  given?.model.expectOpen();
  if (given) expectNoLoading(settings);
  const chosen = resolveChoices(settings, runtime);
  const trackers = settings.trackers.map((one) => resolveChoice(runtime.context.registry, "tracker", one));
  const precision = usePrecision(settings.precision, runtime.engine);
  const sets = await dataSetsOf(runtime.context.files, settings.data);
  const asked = { settings, chosen, trackers, precision, sets, read: await readData(settings, sets, runtime), nameOf };
  if (given) return prepareModel({ ...given, reference: absolutePath(settings.model) }, asked, runtime);
  const opened = await openModel(settings, runtime);
  try {
    return await prepareModel(opened, asked, runtime);
  } catch (error) {
    opened.model[Symbol.dispose]();
    throw error;
  }
}

interface Asked {
  readonly settings: CompleteTrainSettings;
  readonly chosen: ChosenParts;
  readonly trackers: readonly Chosen<"tracker">[];
  readonly precision: "fp32" | "bf16";
  readonly sets: readonly DataSet[];
  readonly read: Awaited<ReturnType<typeof readData>>;
  readonly nameOf: PrepareOptions["nameOf"];
}

async function prepareModel(
  { reference, changed, ...loaded }: OpenedModel & GivenModel,
  { settings, chosen, trackers, precision, sets, read: { rows: all, plan: streamed, facts, ...data }, nameOf }: Asked,
  runtime: Runtime,
): Promise<PreparedTraining> {
  const { context } = runtime;
  const evaluation = await planEvaluation(settings, { rows: all, paths: sets.map(({ path }) => path) }, loaded, runtime);
  const record = await recordOf(runtime, { ...loaded, changed }, { facts, bad: data.bad.count });
  const measured = await withOptionPaths(evaluationSets(settings.evalData, context), context.files, absolutePath);
  const recorded = recordedSettings(
    { ...settings, model: reference, precision, maxLength: loaded.model.parts.maxLength, device: context.backend.name },
    { chosen, trackers, sets, measured },
    runtime,
  );
  const options = trainOptions.parse(settings);
  const parts = await createAll(chosen, runtime);
  const own = await setLosses(sets, parts.loss, { rows: evaluation.rows, all, files: data.files }, runtime);
  const placeOf = streamed ? data.placeOf : (row: number) => data.placeOf(all.indexOf(evaluation.rows[row]));
  const config: TrainConfig = {
    model: loaded.model,
    rows: evaluation.rows,
    ...parts,
    ...(own && { lossFor: own.lossFor, sampler: perSetSampler(parts.sampler, own.setOf) }),
    // Of all rows, held out or not: which ones are held out is a setting.
    facts: streamed ? facts : { ...countRows(evaluation.rows.entries()), fingerprint: facts.fingerprint },
    ...(nameOf && { nameOf }),
    placeOf,
    options,
    output: settings.output,
    settings: {
      ...chosenNames(chosen),
      ...choosing(options, evaluation),
      ...(settings.holdOut !== undefined && { holdOut: settings.holdOut }),
      ...(streamed && { streaming: true, shuffleWindow: settings.shuffleWindow }),
      ...(own && { data: recorded.data }),
      maxLength: loaded.model.parts.maxLength,
      precision,
      model: await hashReading(context.files, loaded.source.folder, { weights: record.weights }),
    },
    evaluators: evaluation.during.map(({ evaluator }) => evaluator),
    trackers: [jsonlTracker(context.files, settings.output), ...(await createTrackers(trackers, settings.output, runtime))],
  };
  const name = dataName(sets);
  const unfit = checkRows(config, { name, placeOf });
  const sample = streamed ? data.sample : evaluation.rows;
  const onMeasured = (texts: number): void => runtime.progress?.(() => `  plan      ${plural(texts, "text")} measured …`);
  const plan = streamed ?? (await planTraining(config, { signal: context.signal, onMeasured }));
  const steps = updatesOf(plan, options);
  return {
    settings,
    recorded,
    record,
    loaded,
    inputs: [
      loaded.source.folder,
      ...sets.map(({ path }) => path),
      ...data.files.map(({ path }) => path),
      ...(await readOf(measured, context)),
    ],
    dataName: name,
    data,
    rows: { all: facts.rows, trained: streamed ? facts.rows : evaluation.rows.length },
    sample,
    warnings: [...evaluation.warnings, ...unfit, ...earlyEnd(config, steps), ...endlessWarmup(config, steps)],
    evaluation,
    steps: { total: steps, perEpoch: plan.stepsOfEpoch },
    probes: probesOf(sample),
    config: { ...config, plan },
  };
}

/** What evaluation sets are read from: their data, those of a pattern one by one, and the files that options of their evaluators name. */
async function readOf(sets: readonly EvaluationSet[], { files }: Runtime["context"]): Promise<string[]> {
  const read: string[] = [];
  for (const set of sets) {
    read.push(set.path, ...(await matchingFiles(files, set.path)), ...Object.values(await optionPaths(set, files)));
  }
  return read;
}

/**
 * What an evaluation that chooses the model is made with: the best one so far can only be compared with others of the same metric on the same
 * content. A metric that nobody computes is an error now, not at the first evaluation.
 */
function choosing(options: TrainConfig["options"], { during }: EvaluationPlan): Record<string, unknown> {
  const bestMetric = watchedMetric(
    options,
    during.map(({ evaluator }) => evaluator),
  );
  return bestMetric === undefined
    ? {}
    : { bestMetric, evalData: during.map(({ content, evaluator }) => content ?? evaluator.name).join("; ") };
}

function expectNoLoading(settings: CompleteTrainSettings): void {
  const given = (["tokenCache", "maxLength"] as const).find((name) => settings[name] !== undefined);
  if (given === undefined) return;
  throw new AttuneError({ code: "E_OPTION", place: given, problem: "is for a model that is named; this one is loaded already" });
}

/** Starts a prepared training; the output folder must have been taken. */
export function startTraining({ config }: PreparedTraining, { context }: Runtime, { resume }: { resume: boolean }): Run {
  return train({ ...config, resume }, context);
}

type ChosenParts = { readonly [K in "loss" | "optimizer" | "schedule" | "sampler"]: Chosen<K> };

function resolveChoices(settings: CompleteTrainSettings, { context: { registry } }: Runtime): ChosenParts {
  const resolve = <K extends Kind>(kind: K, chosen: PluginChoice<K>): Chosen<K> => resolveChoice(registry, kind, chosen);
  return {
    loss: resolve("loss", settings.loss),
    optimizer: resolve("optimizer", settings.optimizer),
    schedule: resolve("schedule", settings.schedule),
    sampler: resolve("sampler", settings.sampler),
  };
}

async function createAll(chosen: ChosenParts, { context }: Runtime) {
  const create = <K extends Kind>(kind: K, { plugin, options }: Chosen<K>): Promise<PluginKinds[K]> =>
    context.registry.create(kind, plugin, options, context);
  return {
    loss: await create("loss", chosen.loss),
    optimizer: await create("optimizer", chosen.optimizer),
    schedule: await create("schedule", chosen.schedule),
    sampler: await create("sampler", chosen.sampler),
  };
}

async function createTrackers(chosen: readonly Chosen<"tracker">[], output: string, { context }: Runtime): Promise<Tracker[]> {
  const made: Tracker[] = [];
  for (const { plugin, options } of chosen) {
    const tracker = (await context.registry.create("tracker", plugin, options, context))(output);
    expectShape(tracker, ["onEvent"], { place: `tracker ${plugin.name}`, problem: "gives no tracker for a folder" });
    made.push(tracker);
  }
  return made;
}

function chosenNames(chosen: ChosenParts): Record<string, unknown> {
  return Object.fromEntries(Object.entries(chosen).map(([kind, one]) => [kind, recordedChoice(one as Chosen)]));
}

function recordedSettings(
  settings: CompleteTrainSettings,
  { chosen, trackers, sets, measured }: Pick<Asked, "chosen" | "trackers" | "sets"> & { readonly measured: readonly EvaluationSet[] },
  { context }: Runtime,
): Record<string, unknown> {
  const { output, evalData, tokenCache, plugins } = settings;
  return {
    ...settings,
    ...chosenNames(chosen),
    trackers: trackers.map(recordedChoice),
    data: recordedData(sets, context),
    output: absolutePath(output),
    ...(tokenCache !== undefined && { tokenCache: absolutePath(tokenCache) }),
    ...(evalData !== undefined && { evalData: recordedSets(measured, context, absolutePath) }),
    plugins: plugins.filter((plugin) => typeof plugin === "string").map(pluginReference),
  };
}

async function recordOf(
  { context: { files, backend } }: Runtime,
  { model, source, changed }: GivenModel,
  { facts, bad }: { facts: DataFacts; bad: number },
): Promise<RunRecord> {
  return {
    versions: { attune: attuneVersion(), ...platformVersions() },
    backend: { name: backend.name, description: backend.description },
    data: { fingerprint: facts.fingerprint, rows: facts.rows, bad },
    weights: changed ? { "in memory": await hashParameters(model.parameters) } : await hashWeights(files, source),
  };
}

/** Anchors and positives of rows spread over the data. */
function probesOf(rows: readonly Row[]): string[] {
  const stride = Math.max(1, Math.floor(rows.length / 8));
  return rows
    .filter((_, i) => i % stride === 0)
    .slice(0, 8)
    .flatMap(({ anchor, positives }) => [anchor, textOf(positives[0])]);
}
