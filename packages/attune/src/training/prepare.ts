// From settings to everything that a training needs, loaded and checked. Writes nothing.

import { AttuneError, baseName, joinPath } from "@attune/core";
import type { Kind, PluginKinds } from "@attune/core";
import { fingerprintRows, labelOf, loadRows, textOf } from "@attune/data";
import type { LoadedRows, Row } from "@attune/data";
import { loadEmbeddingModel } from "@attune/embedding";
import type { LoadedModel } from "@attune/embedding";
import { jsonlTracker, planTraining, train, trainOptions, updatesOf } from "@attune/train";
import type { Run, Tracker, TrainConfig } from "@attune/train";
import { sha256OfFile } from "../node/hash-file.ts";
import { attuneVersion } from "../node/version.ts";
import { absolutePath, platformVersions } from "../node/platform.ts";
import { resolvePrecision } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { recordedChoice, resolveChoice } from "../settings/choice.ts";
import type { Chosen, PluginChoice } from "../settings/choice.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import { planEvaluation } from "./evaluators.ts";
import type { EvaluationPlan } from "./evaluators.ts";
import type { RunRecord } from "./record.ts";

export interface PreparedTraining {
  readonly settings: CompleteTrainSettings;
  /** The settings as they are recorded: names resolved, options complete, paths absolute. */
  readonly recorded: Readonly<Record<string, unknown>>;
  readonly record: RunRecord;
  readonly loaded: LoadedModel;
  readonly data: LoadedRows;
  readonly evaluation: EvaluationPlan;
  readonly steps: { readonly total: number; readonly perEpoch: readonly number[] };
  /** Some texts of the data, to compare embeddings of. */
  readonly probes: readonly string[];
  readonly config: TrainConfig;
}

/** Loads and checks all that `settings` name; `given` is a model that is loaded already. */
export async function prepareTraining(settings: CompleteTrainSettings, runtime: Runtime, given?: LoadedModel): Promise<PreparedTraining> {
  const { context, engine, families } = runtime;
  const chosen = resolveChoices(settings, runtime);
  const precision = resolvePrecision(settings.precision, context.backend);
  const { columns, skipBadRows, maxLength } = settings;
  const data = await loadRows(context.files, settings.data, { skipBadRows, ...(columns && { columns }) });
  const loaded =
    given ?? (await loadEmbeddingModel(context, settings.model, { engine, families, ...(maxLength !== undefined && { maxLength }) }));
  const evaluation = await planEvaluation(settings, data.rows, loaded, runtime);
  const record = await recordOf(runtime, loaded, data);
  const recorded = recordedSettings(
    { ...settings, precision, maxLength: loaded.model.parts.maxLength, device: context.backend.name },
    chosen,
  );
  const options = trainOptions.parse(settings);
  const config: TrainConfig = {
    model: loaded.model,
    rows: evaluation.rows,
    ...(await createAll(chosen, runtime)),
    options,
    output: settings.output,
    settings: { ...chosenNames(chosen), maxLength: loaded.model.parts.maxLength, precision, weights: record.weights },
    ...(evaluation.during && { evaluator: evaluation.during.evaluator }),
    trackers: [jsonlTracker(context.files, settings.output), ...(await createTrackers(settings, runtime))],
  };
  expectLabels(config, settings.data);
  const plan = planTraining(config);
  return {
    settings,
    recorded,
    record,
    loaded,
    data,
    evaluation,
    steps: { total: updatesOf(plan, options), perEpoch: plan.stepsOfEpoch },
    probes: probesOf(config.rows),
    config: { ...config, plan },
  };
}

/** Starts a prepared training; the output folder must have been taken. */
export function startTraining({ config }: PreparedTraining, { context }: Runtime, { resume }: { resume: boolean }): Run {
  return train({ ...config, resume }, context);
}

/** A loss that compares labels, and rows that have none: said before anything is written. */
function expectLabels({ loss, rows }: TrainConfig, data: string): void {
  if (!loss.needs.includes("labels")) return;
  const missing = rows.findIndex((row) => labelOf(row) === undefined);
  if (missing < 0) return;
  throw new AttuneError({
    code: "E_LOSS_INPUT",
    place: data,
    problem: `row ${missing + 1} has neither "score" nor "label", and the loss ${loss.name} compares them`,
    hint: "give every row one, or choose a loss that needs none (infonce)",
  });
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

async function createTrackers({ trackers, output }: CompleteTrainSettings, { context }: Runtime): Promise<Tracker[]> {
  const made: Tracker[] = [];
  for (const name of trackers) made.push((await context.registry.create("tracker", name, {}, context))(output));
  return made;
}

function chosenNames(chosen: ChosenParts): Record<string, unknown> {
  return Object.fromEntries(Object.entries(chosen).map(([kind, one]) => [kind, recordedChoice(one as Chosen)]));
}

function recordedSettings(settings: CompleteTrainSettings, chosen: ChosenParts): Record<string, unknown> {
  const { model, data, output, evalData, plugins } = settings;
  return {
    ...settings,
    ...chosenNames(chosen),
    model: absolutePath(model),
    data: absolutePath(data),
    output: absolutePath(output),
    ...(evalData !== undefined && { evalData: absolutePath(evalData) }),
    plugins: plugins.filter((plugin) => typeof plugin === "string"),
  };
}

async function recordOf({ context: { files, backend } }: Runtime, { source }: LoadedModel, { rows, bad }: LoadedRows): Promise<RunRecord> {
  const weights: Record<string, string> = {};
  for (const path of source.weights.paths) weights[baseName(path)] = await sha256OfFile(files, path);
  for (const [i, module] of source.modules.entries()) {
    if (module.type !== "dense") continue;
    for (const path of module.weights.paths) weights[joinPath(`${i}_Dense`, baseName(path))] = await sha256OfFile(files, path);
  }
  return {
    versions: { attune: attuneVersion(), ...platformVersions() },
    backend: { name: backend.name, description: backend.description },
    data: { fingerprint: fingerprintRows(rows), rows: rows.length, bad: bad.count },
    weights,
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
