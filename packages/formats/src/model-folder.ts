// What a sentence-transformers folder says, whichever version wrote it: the modules in order, their weights, prompts and lengths.
// Reading is in read-sentence-transformers.ts, writing in write-sentence-transformers.ts; neither knows any architecture.

import { AttuneError } from "@attune/core";
import type { SafetensorsFile } from "./weights-file.ts";

/** The names of sentence-transformers, in the order in which it concatenates them. */
export const poolingModes = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"] as const;

/** How token vectors become one vector, by sentence-transformers' name. */
export type PoolingMode = (typeof poolingModes)[number];

/** Token vectors [T C] to one vector per text. */
export interface PoolingSpec {
  readonly type: "pooling";
  /** Concatenated in this order. */
  readonly modes: readonly PoolingMode[];
  /** False: the prompt's tokens are left out. */
  readonly includePrompt: boolean;
  /** C: of the token vectors, not of the result. */
  readonly dimension: number;
}

/** Activation of a Dense module -> the torch class that its config names. */
export const activations = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  gelu: "torch.nn.modules.activation.GELU",
  sigmoid: "torch.nn.modules.activation.Sigmoid",
  silu: "torch.nn.modules.activation.SiLU",
} as const;

/** What a Dense module does with its sums. */
export type Activation = keyof typeof activations;

/** activation(x · weightᵀ + bias). */
export interface DenseSpec {
  readonly type: "dense";
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
  readonly activation: Activation;
  /** `linear.weight` [out in] and, with bias, `linear.bias` [out]; checked. */
  readonly weights: SafetensorsFile;
}

/** One step from text to embedding. The transformer comes first; its weights are the folder's. */
export type ModuleSpec = { readonly type: "transformer" } | PoolingSpec | DenseSpec | { readonly type: "normalize" };

/** The similarity functions of sentence-transformers. */
export const similarities = ["cosine", "dot", "euclidean", "manhattan"] as const;

/** How two embeddings of the model are compared. */
export type Similarity = (typeof similarities)[number];

/** A model folder, read. */
export interface ModelFolder {
  readonly folder: string;
  /** Where config.json, the weights and the tokenizer lie: the folder itself, or `0_Transformer` in old ones. */
  readonly transformerFolder: string;
  /** config.json as it is. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: SafetensorsFile;
  readonly modules: readonly ModuleSpec[];
  /** Tokens, special ones included; undefined where neither tokenizer nor config set a limit. */
  readonly maxSeqLength: number | undefined;
  /** True: texts are lower-cased before they are tokenised, whatever the tokenizer does. */
  readonly doLowerCase: boolean;
  /** Name -> text put before what is encoded. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly defaultPromptName: string | undefined;
  readonly similarity: Similarity;
  /** Embeddings are cut to this many values; undefined: whole. */
  readonly truncateDimension: number | undefined;
  /** The libraries that the folder says it was written with. */
  readonly versions: Readonly<Record<string, string>>;
}

/** E_MODEL_FOLDER: what is wrong where, and the next step. */
export function folderError(place: string, problem: string, hint?: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_MODEL_FOLDER", place, problem, hint, cause });
}
