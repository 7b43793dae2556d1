// What a training is measured on. A test split is only reported; what is looked at during training is the dev split or held-out rows.

import { AttuneError, joinPath } from "@attune/core";
import type { Context } from "@attune/core";
import { holdOut } from "@attune/data";
import type { Row } from "@attune/data";
import { encode } from "@attune/embedding";
import type { EmbeddingModel, LoadedModel } from "@attune/embedding";
import { createRetrievalEvaluator, retrievalSetOf } from "@attune/evaluation";
import type { Evaluation, Evaluator, TextEmbedder } from "@attune/evaluation";
import type { Engine } from "@attune/tensor";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";

export interface Measured {
  readonly evaluator: Evaluator;
  /** "scifact, split test" */
  readonly source: string;
}

export interface EvaluationPlan {
  /** Before and after. */
  readonly report?: Measured;
  /** Every `evalSteps`. */
  readonly during?: Measured;
  /** What is left to train on. */
  readonly rows: Row[];
}

type Settings = Pick<CompleteTrainSettings, "data" | "eval" | "evalData" | "evalK" | "evalSteps" | "holdOut" | "seed">;
type Workplace = { readonly context: Context; readonly engine: Engine };

/** Chooses evaluators by what the settings and the folders offer. E_OPTION for `evalSteps` with nothing to evaluate on. */
export async function planEvaluation(
  settings: Settings,
  rows: Row[],
  loaded: LoadedModel,
  { context, engine }: Workplace,
): Promise<EvaluationPlan> {
  if (!settings.eval) {
    const unused = (["evalData", "evalK", "evalSteps", "holdOut"] as const).find((key) => settings[key] !== undefined);
    if (unused) throw new AttuneError({ code: "E_OPTION", place: unused, problem: "asks for an evaluation, and --no-eval leaves all out" });
    return { rows };
  }
  const options = { k: settings.evalK, similarity: similarityOf(loaded) };
  const held = settings.holdOut === undefined ? undefined : holdOut(rows, settings.holdOut, settings.seed);
  const heldOut = held && {
    evaluator: createRetrievalEvaluator(retrievalSetOf(held.heldOut), { engine, name: "held-out", ...withoutUndefined(options) }),
    source: `${held.heldOut.length} rows held out of training`,
  };
  const path = settings.evalData ?? settings.data;
  const test = await evaluatorOf(context, path, "test", { ...options, chosen: settings.evalData !== undefined });
  const dev = heldOut ?? (await evaluatorOf(context, path, "dev", { ...options, chosen: false }));
  // A file of scored pairs has no splits: it is all there is to look at.
  const during = dev ?? (settings.evalData !== undefined && test?.evaluator.name === "sts" ? test : undefined);
  if (settings.evalSteps !== undefined && !during) {
    throw new AttuneError({
      code: "E_OPTION",
      place: "--eval-steps",
      problem: "has nothing to evaluate on: a test split is only reported",
      hint: "give --hold-out 0.05, or --eval-data with a folder that has qrels/dev.tsv",
    });
  }
  const report = test ?? heldOut;
  return { rows: held?.training ?? rows, ...(report && { report }), ...(settings.evalSteps !== undefined && during && { during }) };
}

/** The evaluator for a path: retrieval for a folder, scored pairs for a file. Undefined when it was not asked for and is not there. */
async function evaluatorOf(
  context: Context,
  path: string,
  split: string,
  { chosen, ...options }: { chosen: boolean; k?: number[]; similarity: "cosine" | "dot" },
): Promise<Measured | undefined> {
  const { files, registry } = context;
  if ((await files.status(path))?.kind === "folder") {
    if (!chosen && !(await files.status(joinPath(path, "qrels", `${split}.tsv`)))) return undefined;
    const evaluator = await registry.create("evaluator", "retrieval", withoutUndefined({ data: path, split, ...options }), context);
    return { evaluator, source: `${path}, split ${split}` };
  }
  if (!chosen) return undefined;
  return { evaluator: await registry.create("evaluator", "sts", { data: path }, context), source: path };
}

/** Which of the two similarities that retrieval knows a model is made for. */
export function similarityOf({ source }: LoadedModel): "cosine" | "dot" {
  return source.similarity === "dot" ? "dot" : "cosine";
}

/** Measures a model. `onProgress` hears how many texts are embedded. */
export async function measure(
  { evaluator }: Measured,
  model: EmbeddingModel,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<Evaluation> {
  let before = 0;
  const embedder: TextEmbedder = {
    dimension: model.dimension,
    async encode(texts, side) {
      const vectors = await encode(model, texts, {
        ...(side && { side }),
        ...(signal && { signal }),
        onProgress: (done) => onProgress?.(before + done),
      });
      before += texts.length;
      return vectors;
    },
  };
  return evaluator.evaluateQueries(embedder, signal);
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
