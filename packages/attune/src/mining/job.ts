// A mining from settings to a file: rows and corpus, a model or vectors made elsewhere, candidates, selection, output.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { loadRows, stoppableFiles } from "@attune/data";
import type { LoadedRows } from "@attune/data";
import type { LoadedModel } from "@attune/embedding";
import {
  embedTask,
  expectRoom,
  givenVectors,
  mine,
  miningOptions,
  miningTaskOf,
  openCorpusFile,
  openNpy,
  writeMined,
} from "@attune/mining";
import type { Miner, MiningReport, MiningTask, TaskVectors } from "@attune/mining";
import { z } from "zod";
import { openModel } from "../models/open-model.ts";
import { usePrecision } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { openCrossEncoder } from "../scoring/scorer.ts";
import type { Scorer } from "../scoring/scorer.ts";
import { resolveChoice, splitChoice } from "../settings/choice.ts";
import { expectNoIndex, givenIndex, meantIndex } from "../settings/index-setting.ts";
import { vectorsFrom } from "../settings/mine-settings.ts";
import type { MineSettings } from "../settings/mine-settings.ts";
import { similarityOf } from "../training/evaluators.ts";
import { createEmbedder, promptsOf } from "./embedder.ts";
import { hashModel } from "../models/model-hash.ts";

/** What is said while a mining goes on. */
export interface MiningObserver {
  task(task: MiningTask, bad: LoadedRows["bad"]): void;
  /** Texts encoded so far, of all that have a vector. */
  encoding(encoded: number, texts: number): void;
  /** Documents that all queries were compared with so far. */
  searching(documents: number, of: number): void;
  /** Pairs that the reranker has scored so far. */
  rescoring(pairs: number): void;
}

export interface MiningOutcome {
  readonly report: MiningReport;
  /** Rows written. */
  readonly rows: number;
  /** Rows of the data that were left out, and what is wrong with the first. */
  readonly bad: { readonly count: number; readonly first?: string };
  /** Texts that were encoded now; all others came from the cache or from files. */
  readonly encoded: number;
  /** Pairs that the reranker scored; undefined without one. */
  readonly rescored?: number;
  readonly seconds: { readonly vectors: number; readonly mining: number };
}

/** E_OPTION for a split of data that are no BEIR folder. */
export async function expectSplitFits({ data, split }: { data: string; split?: string | undefined }, files: Files): Promise<void> {
  if (split === undefined || (await isFolder(files, data))) return;
  throw new AttuneError({ code: "E_OPTION", place: "--split", problem: "is for a BEIR folder, and the data are none" });
}

/** The settings with the corpus as a file; a BEIR folder brings its own. E_OPTION for a split of what has none. */
export async function withCorpusFile(settings: MineSettings, files: Files): Promise<MineSettings> {
  await expectSplitFits(settings, files);
  const corpus = settings.corpus ?? ((await isFolder(files, settings.data)) ? settings.data : undefined);
  if (corpus === undefined) return settings;
  return { ...settings, corpus: (await isFolder(files, corpus)) ? joinPath(corpus, "corpus.jsonl") : corpus };
}

/** Mines and writes the rows. E_OPTION for sources of vectors that do not fit together; E_VECTORS, E_NPY, and what reading and encoding throw. */
export async function runMining(settings: MineSettings, runtime: Runtime, observer: MiningObserver): Promise<MiningOutcome> {
  const { context } = runtime;
  const { files, signal } = context;
  const { data, columns, split, skipBadRows, corpus, output, format, scores } = settings;
  const options = z.object(miningOptions.shape).parse(settings);
  const loaded = await loadModel(settings, runtime);
  using _model = loaded?.model;
  const miner = await minerOf(settings, loaded, runtime);
  using reranker = await rerankerOf(settings, runtime, observer);
  const source = vectorsFrom(settings, { miner: miner.name, needed: miner.needsVectors || options.nearDuplicate !== undefined });
  const inputs = stoppableFiles(files, signal);
  const { rows, bad } = await loadRows(inputs, data, { skipBadRows, ...(columns && { columns }), ...(split !== undefined && { split }) });
  const task = await miningTaskOf(rows, corpus === undefined ? undefined : await openCorpusFile(inputs, corpus));
  observer.task(task, bad);
  expectRoom(task, options); // before hours of embedding
  const began = performance.now();
  const { vectors, encoded } = source.from === "model" ? await embed(loaded!, task, settings, { runtime, observer }) : { encoded: 0 };
  const input = { task, signal, ...optional("vectors", source.from === "files" ? await readVectors(files, task, source) : vectors) };
  const embedded = performance.now();
  const candidates = await miner.open({ ...input, onProgress: (done) => observer.searching(done, task.corpus.size) });
  const result = await mine({ ...input, candidates, ...optional("rescore", reranker?.scoring()) }, options);
  const written = await writeMined(files, output, result, { format, ...optional("scores", scores) });
  const seconds = { vectors: (embedded - began) / 1000, mining: (performance.now() - embedded) / 1000 };
  const left = { count: bad.count, ...optional("first", bad.first?.sentence) };
  return { report: result.report, rows: written, bad: left, encoded, ...optional("rescored", reranker?.done), seconds };
}

/** E_OPTION for its length without it; an embedding model is E_MODEL_FOLDER. */
async function rerankerOf(
  { reranker: model, rerankerMaxLength: maxLength, batchTokens }: MineSettings,
  runtime: Runtime,
  observer: MiningObserver,
): Promise<Scorer | undefined> {
  if (model !== undefined)
    return openCrossEncoder({ model, maxLength, batchTokens }, runtime, { onProgress: (pairs) => observer.rescoring(pairs) });
  if (maxLength === undefined) return undefined;
  throw new AttuneError({ code: "E_OPTION", place: "--reranker-max-length", problem: "is for --reranker, and none is given" });
}

async function loadModel({ model, ...settings }: MineSettings, runtime: Runtime): Promise<LoadedModel | undefined> {
  return model === undefined ? undefined : openModel({ ...settings, model }, runtime);
}

/** The miner of the settings; its similarity is the one that the model is made for, unless given. */
async function minerOf(
  { miner: chosen, index: chosenIndex }: MineSettings,
  loaded: LoadedModel | undefined,
  { context }: Runtime,
): Promise<Miner> {
  const [named, given] = splitChoice(chosen);
  const dense = named === "dense" || named === "union";
  if (!dense) expectNoIndex(chosenIndex, "this miner");
  const searched = dense && loaded ? { similarity: similarityOf(loaded), ...given } : given;
  const similarity = (searched.similarity ?? "cosine") as "cosine" | "dot";
  const index = dense ? await givenIndex(meantIndex(chosenIndex, given, "--miner.index"), similarity, context) : undefined;
  const { plugin, options } = resolveChoice(context.registry, "miner", [named, { ...(index && { index }), ...searched }] as never);
  return context.registry.create("miner", plugin, options, context);
}

async function embed(
  { model, source }: LoadedModel,
  task: MiningTask,
  settings: MineSettings,
  { runtime: { context, engine }, observer }: { runtime: Runtime; observer: MiningObserver },
): Promise<{ vectors: TaskVectors; encoded: number }> {
  const { files, log, signal } = context;
  const { batchTokens, cache: folder, cacheType: stored } = settings;
  const texts = task.queries.length + task.corpus.size;
  const embedder = createEmbedder(model, { batchTokens, onProgress: (encoded) => observer.encoding(encoded, texts) });
  const precision = usePrecision(settings.precision, engine);
  const hash = async () => hashModel(files, source.folder, { maxLength: model.parts.maxLength, precision });
  const cache = folder === undefined ? undefined : { files, folder, log, model: await hash(), ...optional("stored", stored) };
  const vectors = await embedTask(task, embedder, { prompts: promptsOf(model, settings), signal, ...optional("cache", cache) });
  return { vectors, encoded: embedder.encoded };
}

async function readVectors(files: Files, task: MiningTask, { queries, corpus }: { queries: string; corpus: string }): Promise<TaskVectors> {
  return givenVectors(task, await openNpy(files, queries), await openNpy(files, corpus));
}

/** `{ key: value }`, or nothing where there is no value. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

async function isFolder(files: Files, path: string): Promise<boolean> {
  return (await files.status(path))?.kind === "folder";
}
