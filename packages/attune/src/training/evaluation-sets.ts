// What `--eval-data` names: a folder or a file, each measured by the evaluator that its content asks for, or by one that is named.

import { AttuneError, baseName, joinPath } from "@attune/core";
import type { Context, Plugin } from "@attune/core";
import { labelOf, loadRows, normalisedText, readQrels, readQueries, readRows } from "@attune/data";
import type { Row } from "@attune/data";
import { createEvaluator, createRetrievalEvaluator, openRetrievalSet } from "@attune/evaluation";
import type { Evaluation, Evaluator } from "@attune/evaluation";
import type { Engine } from "@attune/tensor";
import { z } from "zod";
import { chooseEvaluator } from "../evaluating/evaluator-choice.ts";
import { resolveChoice, splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";

/** An evaluation set as settings name it. */
export interface EvaluationSet {
  readonly path: string;
  readonly evaluator?: PluginChoice<"evaluator">;
  readonly name?: string;
}

/** An evaluator and what it measures on, in words: "scifact, split test". */
export interface Measured {
  readonly evaluator: Evaluator;
  readonly source: string;
  /** What it says, as `contentOf` tells it; none of held-out rows, which are those of the data. */
  readonly content?: string;
  /** The primary metrics of its parts, where it is several sets. */
  readonly primaries?: readonly string[];
  /** Its questions, where they could be training data, too. */
  readonly queries?: () => Promise<ReadonlySet<string>>;
}

export interface EvaluatorPlace {
  readonly context: Context;
  readonly engine: Engine;
  readonly similarity: "cosine" | "dot";
  readonly k?: readonly number[] | undefined;
}

/** The sets in order; `EVALUATOR:PATH` is taken apart where an evaluator has that name. */
export function evaluationSets(evalData: CompleteTrainSettings["evalData"], { registry }: Context): EvaluationSet[] {
  return [evalData ?? []].flat().map((one) => {
    if (typeof one !== "string") return one as EvaluationSet;
    const [, name, path] = /^([a-z][a-z0-9-]*):(.+)$/.exec(one) ?? [];
    return registry.list("evaluator").some((plugin) => plugin.name === name) ? { path, evaluator: name } : { path: one };
  });
}

/** As attune.json holds them. */
export function recordedSets(sets: readonly EvaluationSet[], { registry }: Context, absolute: (path: string) => string): unknown[] {
  return sets.map(({ path, evaluator, name }) => ({
    path: absolute(path),
    ...(evaluator !== undefined && { evaluator: recordedEvaluator(evaluator, path, registry) }),
    ...(name !== undefined && { name }),
  }));
}

/** With the options that were given: a repetition fills in the others as the first run did, from the model and the settings. */
function recordedEvaluator(evaluator: PluginChoice<"evaluator">, data: string, registry: Context["registry"]): unknown {
  const [named, given] = splitChoice(evaluator);
  const { plugin } = resolveChoice(registry, "evaluator", [named, { data, ...given }] as never);
  const { data: _data, ...options } = given;
  return [plugin.name, options];
}

/** A file of evaluation data, or a folder that is measured by a named evaluator. E_NO_FILE, E_LAYOUT, E_UNKNOWN_PLUGIN, E_OPTION. */
export async function evaluatorOfSet({ path, evaluator, name = setName(path) }: EvaluationSet, place: EvaluatorPlace): Promise<Measured> {
  const { context, engine, similarity, k } = place;
  const { registry } = context;
  if (evaluator !== undefined) {
    const cutoffs = splitChoice(evaluator)[0] === "retrieval" && k ? { k } : {};
    const { plugin, options } = chooseEvaluator(registry, evaluator, { data: path, similarity, options: cutoffs });
    const made = await registry.create("evaluator", plugin, options, context).catch(withOwnColumns(plugin));
    const queries = plugin.name === "retrieval" ? { queries: () => queriesOfRetrieval(context, options) } : {};
    return { evaluator: { ...made, name }, source: `${path} (${plugin.name})`, ...queries };
  }
  if (await isScored(context, path)) {
    const made = await registry.create("evaluator", "sts", { data: path }, context).catch(withOwnColumns(registry.get("evaluator", "sts")));
    return { evaluator: { ...made, name }, source: path };
  }
  const set = await openRetrievalSet(context.files, { data: path }).catch(withOwnColumns(registry.get("evaluator", "retrieval")));
  const made = createRetrievalEvaluator(set, { engine, name, similarity, ...(k && { k }) });
  return { evaluator: made, source: path, queries: async () => new Set([...set.queries.values()].map(normalisedText)) };
}

/** "dev.jsonl.gz" -> "dev" */
export function setName(path: string): string {
  return baseName(path).replace(/\.(jsonl|ndjson|json|tsv|csv|txt)(\.gz)?$|\.gz$/i, "");
}

/** By the first good row: what is wrong with bad ones, and what can be done about them here, is for whoever measures to say. */
async function isScored({ files }: Context, path: string): Promise<boolean> {
  try {
    for await (const row of readRows(files, path, { onBadRow: () => {} })) return labelOf(row) !== undefined;
  } catch (error) {
    if (!(error instanceof AttuneError && ["E_LAYOUT", "E_EMPTY"].includes(error.code))) throw error;
  }
  return true; // its own error says what scored pairs look like
}

/** Gives E_LAYOUT the hint that helps here: --columns is for training data alone, and an evaluator's option does the same where it has one. */
function withOwnColumns({ name, options }: Plugin<"evaluator">): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AttuneError && error.code === "E_LAYOUT" && error.hint?.includes("--columns"))) throw error;
    const { properties = {} } = z.toJSONSchema(options, { io: "input", unrepresentable: "any" });
    const option = "columns" in properties ? `, or map them in a --config file: "evaluator": ["${name}", { "columns": { … } }]` : "";
    throw error.with({ hint: `rename the columns of the file${option}` });
  };
}

/** The questions of a split of a BEIR folder. */
export async function queriesOfSplit({ files }: Context, folder: string, split: string): Promise<ReadonlySet<string>> {
  const onBadRow = (): void => {};
  const judged = await readQrels(files, folder, split, { onBadRow });
  const texts = await readQueries(files, folder, { onBadRow, wanted: new Set(judged.map(({ query }) => query)) });
  return new Set([...texts.values()].map(normalisedText));
}

/** The questions of data that the evaluator of retrieval was made with; none of a folder without judgements where BEIR has them. */
async function queriesOfRetrieval(context: Context, { data, split }: Readonly<Record<string, unknown>>): Promise<ReadonlySet<string>> {
  const [path, ofSplit] = [String(data), String(split)];
  const { files } = context;
  if ((await files.status(path))?.kind !== "folder") {
    const { rows } = await loadRows(files, path);
    return new Set(rows.filter((row) => (labelOf(row) ?? 1) > 0).map(({ anchor }) => normalisedText(anchor)));
  }
  return (await files.status(joinPath(path, "qrels", `${ofSplit}.tsv`))) ? queriesOfSplit(context, path, ofSplit) : new Set();
}

/** Warnings for evaluation questions that the training rows have, too: a score on them says nothing. A set that is measured twice is told of once. */
export async function leakWarnings(sets: readonly Measured[], rows: readonly Row[]): Promise<string[]> {
  const asking = [...new Map(sets.map((set) => [set.source, set])).values()].filter(({ queries }) => queries);
  if (asking.length === 0) return [];
  const trained = new Set(rows.map(({ anchor }) => normalisedText(anchor)));
  const warnings: string[] = [];
  for (const { source, queries } of asking) {
    const asked = await queries!();
    const shared = [...asked].filter((query) => trained.has(query)).length;
    if (shared > 0)
      warnings.push(
        `${shared} of ${asked.size} questions of ${source} are also trained on: scores on them say nothing about new questions`,
      );
  }
  return warnings;
}

/** Several sets measured as one, for before and after: metrics are named `set/metric`, and the first set's primary one is the primary one. */
export function together(sets: readonly Measured[]): Measured | undefined {
  if (sets.length < 2) return sets[0];
  const primaries = sets.map(({ evaluator: { name, primary } }) => `${name}/${primary}`);
  const evaluator = createEvaluator({
    name: "all",
    metrics: sets.flatMap(({ evaluator: one }) => one.metrics.map((metric) => `${one.name}/${metric}`)),
    primary: primaries[0],
    async evaluateQueries(embedder, signal) {
      const metrics: Record<string, number> = {};
      let first: Evaluation | undefined;
      for (const { evaluator: one } of sets) {
        const evaluation = await one.evaluateQueries(embedder, signal);
        first ??= evaluation;
        for (const [metric, value] of Object.entries(evaluation.metrics)) metrics[`${one.name}/${metric}`] = value;
      }
      return { metrics, ...(first?.perQuery && { perQuery: first.perQuery }), ...(first?.answers && { answers: first.answers }) };
    },
  });
  const source = sets.map((one) => one.source).join("; ");
  return { evaluator, source, content: sets.map(({ content = "" }) => content).join("; "), primaries };
}

/** Gives each evaluator a name that no other one has. */
export function withDistinctNames(sets: readonly Measured[]): Measured[] {
  const taken = new Set<string>();
  return sets.map((measured) => {
    let { name } = measured.evaluator;
    for (let number = 2; taken.has(name); number++) name = `${measured.evaluator.name}-${number}`;
    taken.add(name);
    return { ...measured, evaluator: { ...measured.evaluator, name } };
  });
}
