// The quickstart: a small model is trained from scratch on built-in data and compared with BM25 and with itself untrained. Prints nothing.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { loadEmbeddingModel, encode } from "@attune/embedding";
import type { EmbeddingModel } from "@attune/embedding";
import { evaluateRetrieval, pairedGain, readRetrievalSet } from "@attune/evaluation";
import type { Evaluation, Interval, RetrievalSet } from "@attune/evaluation";
import { bm25Run, exactSearch } from "@attune/search";
import type { TrainEvent } from "@attune/train";
import { writeTrainingReport } from "../report/html.ts";
import type { Runtime } from "../runtime.ts";
import { trainSettings } from "../settings/train-settings.ts";
import { beginJob, finishJob } from "../training/job.ts";
import { LOCK, REPORT } from "../training/output-folder.ts";
import type { JobObserver, JobResult, Moment } from "../training/job.ts";
import { startTraining } from "../training/prepare.ts";
import type { PreparedTraining } from "../training/prepare.ts";
import { quickstartFolder, readExamples, readTitles } from "./data.ts";
import type { Example } from "./data.ts";
import { writeUntrainedModel } from "./untrained-model.ts";

export interface QuickstartObserver {
  prepared(prepared: PreparedTraining, set: RetrievalSet): void;
  event(event: TrainEvent): void;
}

type Scores = Readonly<Record<string, number>>;

export interface Search {
  readonly question: string;
  readonly hits: readonly { readonly title: string; readonly score: number; readonly right: boolean }[];
}

export interface QuickstartResult {
  readonly result: JobResult;
  readonly scores: { readonly bm25: Scores; readonly before: Scores; readonly after: Scores };
  /** Of nDCG@10 over the untrained model. */
  readonly gain: Interval;
  readonly searches: readonly Search[];
}

/** What trains well within the first minute: chosen on the dev split. */
const numbers = { epochs: 4, batchSize: 64, learningRate: 2e-3, weightDecay: 0.01, warmup: 0.1, seed: 1 };

const MODEL = "model";
const UNTRAINED = "untrained";
/** In the order in which they are removed: what tells an own folder goes last, so that a kill leaves one. */
const WRITTEN = [MODEL, REPORT, UNTRAINED];

/**
 * Runs the quickstart into `output`, replacing what an earlier one left there. Undefined when it was stopped. E_OUTPUT, E_LOCKED while another one
 * runs there, and errors of training.
 */
export async function quickstart(runtime: Runtime, output: string, observer: QuickstartObserver): Promise<QuickstartResult | undefined> {
  const { files, signal } = runtime.context;
  const source = quickstartFolder();
  const set = await readRetrievalSet(files, source, "test");
  const [examples, titles] = [await readExamples(files, source), await readTitles(files, source)];
  await expectOwnOutput(files, output);
  await files.makeFolder(output);
  await using _lock = await files.lock(joinPath(output, LOCK));
  for (const name of WRITTEN) await files.remove(joinPath(output, name));
  const untrained = joinPath(output, UNTRAINED);
  await writeUntrainedModel(runtime, untrained, { source, seed: numbers.seed });
  const settings = trainSettings.parse({
    ...numbers,
    model: untrained,
    data: source,
    output: joinPath(output, MODEL),
    loss: ["infonce", { temperature: 0.1 }],
    sampler: "no-duplicates",
    device: runtime.context.backend.name,
    report: false, // written beside the model, with BM25 in it
  });
  const measured = new Map<Moment, Evaluation>();
  const jobObserver: JobObserver = {
    prepared: (prepared) => observer.prepared(prepared, set),
    measured: (moment, evaluation) => void measured.set(moment, evaluation),
  };
  await using job = await beginJob(settings, runtime, { observer: jobObserver });
  const training = startTraining(job.prepared, runtime, { resume: false });
  for await (const event of training) observer.event(event);
  const result = await finishJob(job, await training.result, runtime, jobObserver);
  if (result.status === "stopped") return undefined;
  const { engine, families } = runtime;
  using model = (await loadEmbeddingModel(runtime.context, settings.output, { engine, families })).model;
  const searches = await searchAll(model, set, { examples, titles, signal });
  const bm25 = bm25Scores(set);
  const report = joinPath(output, REPORT);
  const [before, after] = [measured.get("before")!, measured.get("after")!];
  const gain = pairedGain(before, after, { seed: numbers.seed })!; // both were measured on the same queries
  const baselines = [{ name: "BM25", metrics: bm25 }];
  await writeTrainingReport(files, report, { prepared: job.prepared, result, model, before, after, title: "Quickstart", baselines });
  return { result: { ...result, report }, scores: { bm25, ...result.metrics }, gain, searches };
}

/** What is there is an earlier quickstart's alone, which always has the untrained model: anything else is not touched. E_OUTPUT. */
async function expectOwnOutput(files: Files, output: string): Promise<void> {
  const status = await files.status(output);
  if (!status) return;
  const names = status.kind === "file" ? [output] : (await files.list(output)).filter((name) => name !== LOCK);
  if (names.length === 0 || (names.includes(UNTRAINED) && names.every((name) => WRITTEN.includes(name)))) return;
  throw new AttuneError({
    code: "E_OUTPUT",
    place: output,
    problem: "was not made by attune quickstart, so it is left alone",
    hint: "give another --output",
  });
}

function bm25Scores(set: RetrievalSet): Scores {
  return evaluateRetrieval(set.qrels, bm25Run(set, 100)).means;
}

/** The three best articles for each example. */
async function searchAll(
  model: EmbeddingModel,
  { corpus }: RetrievalSet,
  { examples, titles, signal }: { examples: readonly Example[]; titles: ReadonlyMap<string, string>; signal: AbortSignal },
): Promise<Search[]> {
  const ids = [...corpus.keys()];
  const questions = await encode(
    model,
    examples.map(({ text }) => text),
    { side: "query", signal },
  ); // [Q D]
  const articles = await encode(model, [...corpus.values()], { side: "document", signal }); // [N D]
  const { width, index, scores } = await exactSearch(model.engine, questions, articles, { k: 3, dimension: model.dimension, signal });
  return examples.map(({ text, article }, question) => ({
    question: text,
    hits: Array.from({ length: width }, (_, rank) => {
      const at = question * width + rank;
      const id = ids[index[at]];
      return { title: titles.get(id) ?? id, score: scores[at], right: id === article };
    }),
  }));
}
