// One model measured by one evaluator: embedding models by their vectors, cross-encoders by the lists that they order. Prints nothing.

import { AttuneError } from "@attune/core";
import { ranksPairs } from "@attune/evaluation";
import type { Evaluation, Evaluator } from "@attune/evaluation";
import { modelKind } from "@attune/formats";
import { resolveModel } from "../models/resolve-model.ts";
import type { Runtime } from "../runtime.ts";
import { openCrossEncoder } from "../scoring/scorer.ts";
import { resolveChoice, splitChoice } from "../settings/choice.ts";
import type { Chosen } from "../settings/choice.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { expectNoIndex, givenIndex, meantIndex } from "../settings/index-setting.ts";
import { stoppable } from "../stoppable.ts";
import { chooseEvaluator } from "./evaluator-choice.ts";
import { openSubject } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** What was measured, and what it took. */
export interface Measurement {
  readonly model: string;
  readonly evaluator: Evaluator;
  /** The evaluator's name and its options. */
  readonly choice: readonly [name: string, options: Readonly<Record<string, unknown>>];
  readonly evaluation: Evaluation;
  readonly seconds: number;
  /** Of an embedding model: D, and the tokens of a text. */
  readonly dimension?: number;
  readonly maxLength?: number;
  /** Texts encoded, or pairs scored by a cross-encoder. */
  readonly work:
    | { readonly texts: number; readonly tokens: number; readonly seconds: number }
    | { readonly pairs: number; readonly seconds: number };
}

export interface MeasureOptions {
  /** The flag that needs a run: E_OPTION where the evaluator ranks nothing. */
  readonly needsRun?: string | undefined;
  /** Told how many texts are encoded, or pairs scored. */
  readonly onProgress: (done: number, unit: "text" | "pair") => void;
}

/** Whether the model, a folder or a hub id, is a cross-encoder. */
async function isCrossEncoder(model: string, runtime: Runtime): Promise<boolean> {
  const { folder } = await resolveModel(model, runtime);
  return (await modelKind(runtime.context.files, folder)) === "cross-encoder";
}

/** E_MODEL_FOLDER for a reranker that scores no pairs: said before anything is measured. */
export async function expectReranker(reranker: string, runtime: Runtime): Promise<void> {
  if (await isCrossEncoder(reranker, runtime)) return;
  const problem = "is an embedding model, and a reranker is a cross-encoder, which scores a query with a document";
  throw new AttuneError({ code: "E_MODEL_FOLDER", place: `--reranker ${reranker}`, problem });
}

/** E_OPTION for a cross-encoder on a folder, which is there to be searched: said before anything is measured. */
export async function expectSearcher({ model, data }: EvalSettings, runtime: Runtime): Promise<void> {
  if ((await runtime.context.files.status(data))?.kind !== "folder" || !(await isCrossEncoder(model, runtime))) return;
  throw wrong(
    `--data ${data}`,
    `is a folder to search in, and ${model} is a cross-encoder, which orders what a search found`,
    `attune eval --model EMBEDDER --data ${data} --reranker ${model} measures both, attune rerank --run orders a run`,
  );
}

/** Measures the model of the settings; its memory is given back. */
export async function measureModel(settings: EvalSettings, runtime: Runtime, options: MeasureOptions): Promise<Measurement> {
  await expectSearcher(settings, runtime);
  if (await isCrossEncoder(settings.model, runtime)) return measureCrossEncoder(settings, runtime, options);
  using subject = await openSubject(settings, runtime, (texts) => options.onProgress(texts, "text"));
  const measured = await measureSubject(settings, subject, runtime, options); // before the model is gone
  tellNotes(measured, runtime);
  return measured;
}

/** Logs what a reader of the figures should know. */
export function tellNotes({ evaluator: { name, notes = [] } }: Measurement, { context: { log } }: Runtime): void {
  for (const note of notes) log.info(`${name}: ${note}`);
}

/** Measures what is loaded already. */
export async function measureSubject(
  settings: EvalSettings,
  subject: Subject,
  runtime: Runtime,
  { needsRun }: Pick<MeasureOptions, "needsRun">,
): Promise<Measurement> {
  const { context } = runtime;
  const { plugin, options } = await evaluatorChoice(settings, subject.similarity, runtime);
  const evaluator = await context.registry.create("evaluator", plugin, deepEnough(options, settings), stoppable(context));
  if (needsRun !== undefined && !evaluator.ranks) {
    const problem = needsRun === "--save-run" ? "has nothing to save" : "has nothing to score again";
    throw new AttuneError({ code: "E_OPTION", place: needsRun, problem: `${problem}: ${plugin.name} ranks no documents` });
  }
  const before = { ...subject.work };
  const started = performance.now();
  const evaluation = await evaluator.evaluateQueries(subject.embedder, context.signal);
  const seconds = (performance.now() - started) / 1000;
  const { texts, tokens, seconds: spent } = subject.work;
  const work = { texts: texts - before.texts, tokens: tokens - before.tokens, seconds: spent - before.seconds };
  const { dimension, parts } = subject.models.document;
  const { maxLength } = parts;
  return { model: settings.model, evaluator, choice: [plugin.name, options], evaluation, seconds, dimension, maxLength, work };
}

/** The evaluator with what the command's own settings give it. */
async function evaluatorChoice(
  { evaluator, data, index: chosenIndex, reranker }: EvalSettings,
  similarity: "cosine" | "dot",
  { context }: Runtime,
): Promise<Chosen<"evaluator">> {
  const [named, given] = splitChoice(evaluator);
  const searches = named === "retrieval";
  if (!searches) expectNoIndex(chosenIndex, "this evaluator");
  const metric = (given.similarity as typeof similarity | undefined) ?? similarity;
  const index = searches ? await givenIndex(meantIndex(chosenIndex, given, "--evaluator.index"), metric, context) : undefined;
  const options = { ...(index && { index }), ...(searches && reranker !== undefined && { depth: DEPTH }) };
  return chooseEvaluator(context.registry, evaluator, { data, similarity, options });
}

/** Documents that a reranker scores again unless told otherwise. */
const DEPTH = 100;

/** A reranker may score fewer documents than the metrics of the search before it need. */
function deepEnough(options: Chosen["options"], { reranker }: EvalSettings): Chosen["options"] {
  const { k, depth } = options as { k?: readonly number[]; depth?: number };
  return reranker === undefined || !k || depth === undefined ? options : { ...options, depth: Math.max(depth, ...k) };
}

/** E_OPTION for an evaluator of embeddings, for options of embedding models, and for a run, of which there is none. */
async function measureCrossEncoder(
  settings: EvalSettings,
  runtime: Runtime,
  { needsRun, onProgress }: MeasureOptions,
): Promise<Measurement> {
  const { model, data, maxLength, batchTokens } = settings;
  const { context } = runtime;
  const [named, given] = splitChoice(settings.evaluator);
  const { plugin, options } = resolveChoice(context.registry, "evaluator", [named, { data, ...given }] as never);
  const evaluator =
    plugin.name === "reranking" ? await context.registry.create("evaluator", plugin, options, stoppable(context)) : undefined;
  if (!evaluator || !ranksPairs(evaluator))
    throw wrong(`--evaluator ${plugin.name}`, "measures embeddings, and a cross-encoder has none", "give --evaluator reranking");
  if (needsRun === "--save-run")
    throw wrong(needsRun, "has nothing to save: a cross-encoder searches nothing", "attune rerank writes a run");
  expectNoEmbeddingOptions(settings);
  using scorer = await openCrossEncoder({ model, maxLength, batchTokens }, runtime, { onProgress: (pairs) => onProgress(pairs, "pair") });
  const started = performance.now();
  const evaluation = await evaluator.evaluatePairs(scorer.scoring());
  const seconds = (performance.now() - started) / 1000;
  return { model, evaluator, choice: [plugin.name, options], evaluation, seconds, work: { pairs: scorer.done, seconds } };
}

function expectNoEmbeddingOptions(settings: EvalSettings): void {
  const flags = {
    queryModel: "--query-model",
    queryMaxLength: "--query-max-length",
    queryPrompt: "--query-prompt",
    documentPrompt: "--document-prompt",
    pooling: "--pooling",
    addBos: "--add-bos",
    addEos: "--add-eos",
    paddingSide: "--padding-side",
    reranker: "--reranker",
  } as const;
  for (const [key, flag] of Object.entries(flags)) {
    if (settings[key as keyof typeof flags] === undefined) continue;
    throw wrong(flag, "is for embedding models, and this is a cross-encoder");
  }
}

function wrong(place: string, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_OPTION", place, problem, ...(hint !== undefined && { hint }) });
}
