// Reads a CrossEncoder folder of any sentence-transformers version, or a plain Hugging Face sequence-classification folder. Weights are opened, not
// read; which architecture they fit is decided elsewhere. Generative rerankers (yes and no tokens) are refused.

import { joinPath, show, type Files } from "@attune/core";
import { z } from "zod";
import { openWeights } from "./find-weights.ts";
import { readJsonIfThere } from "./json-file.ts";
import { folderError } from "./model-folder.ts";
import { isClassifier } from "./model-kind.ts";
import { readModuleList } from "./read-modules.ts";
import { readModelConfig, readTextSettings, requireFolder } from "./transformer-folder.ts";
import type { SafetensorsFile } from "./weights-file.ts";

/** What is done with logits -> the torch class that folders name. */
export const scoreActivations = {
  sigmoid: "torch.nn.modules.activation.Sigmoid",
  identity: "torch.nn.modules.linear.Identity",
  softmax: "torch.nn.modules.activation.Softmax",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
} as const;

/** From logits to scores; softmax is over the labels of a pair. */
export type ScoreActivation = keyof typeof scoreActivations;

/** A cross-encoder's folder, read. */
export interface CrossEncoderFolder {
  readonly folder: string;
  /** config.json as it is. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: SafetensorsFile;
  /** Names of the scores of a pair, in their order; one for a reranker. */
  readonly labels: readonly string[];
  readonly activation: ScoreActivation;
  /** Tokens of a pair, special ones included; undefined where neither tokenizer nor config set a limit. */
  readonly maxSeqLength: number | undefined;
  readonly doLowerCase: boolean;
  /** Name -> text put before the first text of a pair. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly defaultPromptName: string | undefined;
  /** What a user should know, such as an activation that is not taken over. */
  readonly warnings: readonly string[];
}

const sentenceConfig = z.object({
  model_type: z.string().default("CrossEncoder"),
  activation_fn: z.string().nullish(),
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
});

/** E_MODEL_FOLDER with the file and the next step, embedding models among others; E_SAFETENSORS_… for damaged weights. */
export async function readCrossEncoder(files: Files, folder: string): Promise<CrossEncoderFolder> {
  await requireFolder(files, folder);
  const sentence = await readSentenceConfig(files, folder);
  await expectOneModule(files, folder);
  const config = await readModelConfig(files, folder);
  expectClassifier(folder, config);
  const labels = labelsOf(folder, config);
  const named = sentence.activation_fn ?? activationName(config);
  return {
    folder,
    config,
    weights: await openWeights(files, folder),
    labels,
    ...activationOf(folder, named, labels.length),
    ...(await readTextSettings(files, folder, config)),
    ...promptsOf(folder, sentence),
  };
}

async function readSentenceConfig(files: Files, folder: string): Promise<z.output<typeof sentenceConfig>> {
  const path = joinPath(folder, "config_sentence_transformers.json");
  const sentence = (await readJsonIfThere(files, path, sentenceConfig)) ?? sentenceConfig.parse({});
  if (sentence.model_type === "CrossEncoder") return sentence;
  throw notCrossEncoder(path, `describes a ${sentence.model_type}`);
}

/** Since 5.4 there is a modules.json, of one Transformer. */
async function expectOneModule(files: Files, folder: string): Promise<void> {
  const entries = await readModuleList(files, folder);
  const other = entries?.find(({ type, path }) => !type.endsWith(".Transformer") || path !== "");
  if (!other) return;
  const place = joinPath(folder, "modules.json");
  if (/\.(Pooling|Normalize)$/.test(other.type)) throw notCrossEncoder(place, `names the module ${show(other.type, 200)}`);
  throw folderError(
    place,
    `names the module ${show(other.type, 200)}`,
    "attune knows cross-encoders of one Transformer with a classification head",
  );
}

function expectClassifier(folder: string, config: Readonly<Record<string, unknown>>): void {
  const { architectures } = config;
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (architecture === undefined || (typeof architecture === "string" && isClassifier(architecture))) return;
  throw notCrossEncoder(
    joinPath(folder, "config.json"),
    `describes a ${typeof architecture === "string" ? architecture : show(architecture)}`,
  );
}

function notCrossEncoder(place: string, problem: string) {
  return folderError(place, `${problem}, not a cross-encoder`, "give a CrossEncoder model: one with a sequence-classification head");
}

/** As transformers counts: the entries of `id2label`, else `num_labels`, else 2. */
function labelsOf(folder: string, config: Readonly<Record<string, unknown>>): string[] {
  const schema = z.object({
    id2label: z.record(z.string().regex(/^\d+$/), z.string()).nullish(),
    num_labels: z.int().positive().nullish(),
  });
  const parsed = schema.safeParse(config);
  const place = joinPath(folder, "config.json");
  if (!parsed.success)
    throw folderError(place, `names its labels in a way that is not understood: ${parsed.error.issues[0].path.join(".")}`);
  const { id2label, num_labels: count } = parsed.data;
  if (!id2label) return Array.from({ length: count ?? 2 }, (_, i) => `LABEL_${i}`);
  const names = Array.from({ length: Object.keys(id2label).length }, (_, i) => id2label[i]);
  if (names.length > 0 && names.every((name) => name !== undefined)) return names;
  throw folderError(place, `has labels with gaps: ${Object.keys(id2label).join(", ") || "none"}`, '"id2label" must count from 0');
}

/** Under the key of version 4, else under that of the versions before. */
function activationName(config: Readonly<Record<string, unknown>>): string | undefined {
  const current = config.sentence_transformers as { activation_fn?: unknown } | null | undefined;
  const name = current?.activation_fn ?? config.sbert_ce_default_activation_function;
  return typeof name === "string" ? name : undefined;
}

/** A folder that names none has sigmoid for one score and none for several; so has one that names code of its own, which is not run. */
function activationOf(
  folder: string,
  name: string | undefined,
  labels: number,
): { activation: ScoreActivation; warnings: readonly string[] } {
  const fallback = labels === 1 ? "sigmoid" : "identity";
  if (name === undefined) return { activation: fallback, warnings: [] };
  if (!name.startsWith("torch."))
    return {
      activation: fallback,
      warnings: [`${folder}: the activation ${show(name)} is code of its own and not run; ${fallback} is used`],
    };
  const last = name.split(".").at(-1);
  const known = Object.keys(scoreActivations) as ScoreActivation[];
  const activation = known.find((one) => scoreActivations[one].split(".").at(-1) === last);
  if (activation) return { activation, warnings: [] };
  throw folderError(folder, `names the activation ${show(name)}, which attune does not know`, `known: ${known.join(", ")}`);
}

function promptsOf(folder: string, { prompts, default_prompt_name: name }: z.output<typeof sentenceConfig>) {
  if (name && !Object.hasOwn(prompts ?? {}, name))
    throw folderError(folder, `has the default prompt ${show(name)}, which is not among its prompts`);
  return { prompts: prompts ?? {}, defaultPromptName: name ?? undefined };
}
