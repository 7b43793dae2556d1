// attune from code: models that encode, trainings that tell how they go. The command line is built on the same parts.

import { AttuneError, parseOptions, show, silentLog } from "@attune/core";
import type { Log, Plugin } from "@attune/core";
import { encode, saveEmbeddingModel } from "@attune/embedding";
import type { LoadedModel, Side } from "@attune/embedding";
import { Engine } from "@attune/tensor";
import type { TrainEvent } from "@attune/train";
import { createRegistryWith } from "./built-ins.ts";
import { openModel } from "./models/open-model.ts";
import { openReranker } from "./reranker.ts";
import type { Reranker } from "./reranker.ts";
import { openRuntime } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";
import { trainSettings } from "./settings/train-settings.ts";
import type { TrainSettings } from "./settings/train-settings.ts";
import { beginJob, finishJob } from "./training/job.ts";
import type { Job, JobResult } from "./training/job.ts";
import { startTraining } from "./training/prepare.ts";
import type { PreparedTraining } from "./training/prepare.ts";

export interface AttuneOptions {
  /** "auto" (native kernels where there are some), or a backend by name: "cpu", "typescript". */
  readonly device?: string;
  /** Plugins, or modules that export them. */
  readonly plugins?: readonly (string | Plugin)[];
  /** Hears notes and warnings. */
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** An embedding model in memory. */
export interface Model extends Disposable {
  /** D */
  readonly dimension: number;
  /** A vector [D] per text, in input order, computed in fp32; a text's vector does not depend on the others. E_TEXT for what is no list of texts. */
  encode(texts: readonly string[], options?: { side?: Side; prompt?: string }): Promise<Float32Array[]>;
  /** Writes a folder that sentence-transformers loads. E_BUSY while it is trained. */
  save(folder: string): Promise<void>;
}

/** The options of `attune train`, with a loaded model in place of a path if there is one: it is then trained itself. */
export interface TrainRequest extends Omit<TrainSettings, "model" | "device" | "threads" | "plugins"> {
  readonly model: string | Model;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
}

/** What a training can be told: device and plugins are those of `createAttune`. */
const requestSettings = trainSettings.omit({ device: true, threads: true, plugins: true });

/** A training that has been started: events to iterate over, a result to await. Leaving the iteration stops it with a checkpoint. */
export interface TrainingRun extends AsyncIterable<TrainEvent> {
  /** When the model is saved and measured. Rejects with what ended the training. */
  readonly result: Promise<JobResult>;
  /** Ends after the step under way, with a checkpoint. */
  stop(): Promise<JobResult>;
}

export interface Attune extends AsyncDisposable {
  /** Loads a model by its folder or its hub id. Errors as in `openModel`. */
  model(model: string, options?: { maxLength?: number }): Promise<Model>;
  /** Loads a cross-encoder by its folder or its hub id. Errors as in `openReranker`. */
  reranker(model: string, options?: { maxLength?: number }): Promise<Reranker>;
  /** Starts a training at once. Errors come from `result` and from the iteration; E_BUSY for a model that is being trained. */
  train(request: TrainRequest): TrainingRun;
}

/** Opens everything when it is first needed; dispose it (`await using`) to free the device. */
export function createAttune({ device = "auto", plugins = [], log = silentLog, signal }: AttuneOptions = {}): Attune {
  let opened: Promise<Runtime> | undefined;
  const open = (): Promise<Runtime> => {
    opened ??= createRegistryWith(plugins).then((registry) => openRuntime({ registry, device, log, ...(signal && { signal }) }));
    return opened;
  };
  const loadedModels = new WeakMap<Model, HeldModel>();
  return {
    async model(name, { maxLength } = {}) {
      const runtime = withOwnEngine(await open());
      const loaded = await openModel({ model: name, maxLength }, runtime);
      const held: HeldModel = { ...loaded, inTraining: false, changed: false };
      const model = modelOf(held, runtime);
      loadedModels.set(model, held);
      return model;
    },
    reranker: async (name, options) => openReranker(name, await open(), options),
    train({ model, ...request }) {
      const given = typeof model === "string" ? undefined : loadedModels.get(model);
      if (typeof model !== "string" && !given)
        return failedRun(
          new AttuneError({ code: "E_OPTION", place: "model", expected: "a folder, or a model of this attune", got: "another object" }),
        );
      if (given?.inTraining) return failedRun(busy("train"));
      const opening = open().then((runtime) => withOwnEngine(runtime, given?.model.engine));
      const named = { ...request, model: given?.source.folder ?? (model as string) };
      return runOf(opening, named, { given, modules: plugins.filter((plugin) => typeof plugin === "string") });
    },
    async [Symbol.asyncDispose]() {
      const runtime = await opened?.catch(() => undefined); // what could not be opened was said to whoever needed it
      await runtime?.[Symbol.asyncDispose]();
    },
  };
}

/** The precision is a matter of the engine: what one model computes in must not be that of another. */
function withOwnEngine(runtime: Runtime, engine = new Engine(runtime.context.backend)): Runtime {
  return { ...runtime, engine };
}

/** A loaded model, and what trainings did with it. */
interface HeldModel extends LoadedModel {
  inTraining: boolean;
  /** Its weights are not those of its folder any more. */
  changed: boolean;
}

function busy(place: string): AttuneError {
  return new AttuneError({ code: "E_BUSY", place, problem: "the model is being trained", hint: "await the training's result first" });
}

function modelOf(loaded: HeldModel, { context }: Runtime): Model {
  const { model } = loaded;
  const { engine } = model;
  return {
    dimension: model.dimension,
    async encode(texts, options = {}) {
      // A string would be taken for a list of letters.
      if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string"))
        throw new AttuneError({ code: "E_TEXT", place: "encode", expected: "a list of texts", got: show(texts) });
      model.expectOpen();
      const vectors = await encode(model, texts, { ...options, compute: engine.float, signal: context.signal });
      return texts.map((_, i) => vectors.subarray(i * model.dimension, (i + 1) * model.dimension));
    },
    async save(folder) {
      if (loaded.inTraining) throw busy("save");
      await saveEmbeddingModel(context, folder, loaded);
    },
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

function runOf(
  opening: Promise<Runtime>,
  { overwrite = false, resume = false, ...request }: Omit<TrainRequest, "model"> & { model: string },
  { given, modules }: { given: HeldModel | undefined; modules: string[] },
): TrainingRun {
  if (given) given.inTraining = true;
  const begun = opening.then(async (runtime) => {
    // The modules are loaded already; a repetition has to know them.
    const settings = { ...parseOptions(requestSettings, request, "train"), device: "auto", plugins: modules };
    const { log } = runtime.context;
    const observer = { prepared: ({ warnings }: PreparedTraining) => warnings.forEach((warning) => log.warn(warning)) };
    const job: Job = await beginJob(settings, runtime, { overwrite, resume, observer, ...(given && { given }) });
    if (given) given.changed = true;
    return { runtime, job, training: startTraining(job.prepared, runtime, { resume: job.resume }) };
  });
  const result = begun
    .then(async ({ runtime, training, ...begun }) => {
      await using job = begun.job;
      return await finishJob(job, await training.result, runtime);
    })
    .finally(() => {
      if (given) given.inTraining = false;
    });
  result.catch(() => undefined); // whoever listens gets it from `result` or from the iteration
  return {
    result,
    async stop() {
      void (await begun).training.stop();
      return result;
    },
    async *[Symbol.asyncIterator]() {
      yield* (await begun).training;
      await result;
    },
  };
}

function failedRun(error: AttuneError): TrainingRun {
  const result = Promise.reject<JobResult>(error);
  result.catch(() => undefined);
  return {
    result,
    stop: () => result,
    // oxlint-disable-next-line require-yield
    async *[Symbol.asyncIterator]() {
      await result;
    },
  };
}
