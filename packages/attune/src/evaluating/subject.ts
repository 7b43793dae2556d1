// What an evaluation measures: one embedding model, or two that share a space, with prompts and lengths for either side, and how fast they are.

import { AttuneError } from "@attune/core";
import { EmbeddingModel, encode } from "@attune/embedding";
import type { TextEmbedder } from "@attune/evaluation";
import { openModel } from "../models/open-model.ts";
import type { OpenedModel } from "../models/open-model.ts";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { similarityOf } from "../training/evaluators.ts";

/** Which models are measured, and how they read texts. */
export type SubjectSettings = Pick<
  EvalSettings,
  | "model"
  | "maxLength"
  | "queryModel"
  | "queryMaxLength"
  | "queryPrompt"
  | "documentPrompt"
  | "batchTokens"
  | "pooling"
  | "addBos"
  | "addEos"
  | "paddingSide"
>;

/** What was encoded so far. */
export interface Work {
  readonly texts: number;
  readonly tokens: number;
  /** Spent on it. */
  readonly seconds: number;
}

export interface Subject extends Disposable {
  readonly embedder: TextEmbedder;
  /** What the model is made for. */
  readonly similarity: "cosine" | "dot";
  readonly work: Work;
  /** Of queries and documents, or of both. */
  readonly models: { readonly query: EmbeddingModel; readonly document: EmbeddingModel };
}

/** Loads what the settings name. Errors of `openModel`; E_OPTION for models of different widths and for left padding with cls pooling. */
export async function openSubject(
  settings: SubjectSettings,
  runtime: Runtime,
  onProgress: (texts: number) => void = () => {},
): Promise<Subject> {
  const documents = await openModel(settings, runtime);
  const queries = await queriesOf(settings, documents, runtime).catch((error: unknown) => {
    documents.model[Symbol.dispose]();
    throw error;
  });
  const dispose = (): void => {
    documents.model[Symbol.dispose]();
    if (settings.queryModel !== undefined) queries[Symbol.dispose]();
  };
  try {
    expectFit(settings, queries, documents);
  } catch (error) {
    dispose();
    throw error;
  }
  const counted = countingEmbedder({ query: queries, document: documents.model }, settings, { signal: runtime.context.signal, onProgress });
  return {
    ...counted,
    similarity: similarityOf(documents),
    models: { query: queries, document: documents.model },
    [Symbol.dispose]: dispose,
  };
}

/** The model of the queries; with a length of its own it shares the weights of the other one. */
async function queriesOf(settings: SubjectSettings, { model }: OpenedModel, runtime: Runtime): Promise<EmbeddingModel> {
  const { queryModel, queryMaxLength, maxLength } = settings;
  if (queryModel !== undefined)
    return (await openModel({ ...settings, model: queryModel, maxLength: queryMaxLength ?? maxLength }, runtime)).model;
  return queryMaxLength === undefined ? model : new EmbeddingModel({ ...model.parts, maxLength: queryMaxLength });
}

function expectFit(
  { model, queryModel, paddingSide }: SubjectSettings,
  queries: EmbeddingModel,
  { model: documents, source }: OpenedModel,
): void {
  if (queries.dimension !== documents.dimension) {
    throw new AttuneError({
      code: "E_OPTION",
      place: `--query-model ${queryModel}`,
      expected: `vectors of ${documents.dimension} numbers, as those of ${model}`,
      got: `${queries.dimension} numbers`,
    });
  }
  if (paddingSide !== "left") return;
  if (!source.modules.some((spec) => spec.type === "pooling" && spec.modes.includes("cls"))) return;
  throw new AttuneError({
    code: "E_OPTION",
    place: "--padding-side left",
    problem: "does not go with cls pooling: in a padded batch the first token would be padding",
    hint: "leave it out; texts are never padded here",
  });
}

/** Encodes with the model of the side; texts without a side are documents. */
function countingEmbedder(
  models: Subject["models"],
  { queryPrompt, documentPrompt, batchTokens }: SubjectSettings,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (texts: number) => void },
): Pick<Subject, "embedder" | "work"> {
  const work = { texts: 0, tokens: 0, seconds: 0 };
  const given = { query: queryPrompt, document: documentPrompt };
  const embedder: TextEmbedder = {
    dimension: models.document.dimension,
    get tokens() {
      return work.tokens;
    },
    async encode(texts, side) {
      const prompt = side && given[side];
      const before = { ...work };
      const started = performance.now();
      const vectors = await encode(models[side ?? "document"], texts, {
        batchTokens,
        signal,
        ...(side && { side }),
        ...(prompt !== undefined && { prompt }),
        onProgress(done, _total, tokens) {
          work.tokens = before.tokens + tokens;
          onProgress(before.texts + done);
        },
      });
      work.texts = before.texts + texts.length;
      work.seconds += (performance.now() - started) / 1000;
      return vectors;
    },
  };
  return { embedder, work };
}
