// What a model family offers: from config.json to an encoder whose parameters bear the names of the weights file.

import type { DeviceTokens, Engine, Tensor } from "@attune/tensor";
import type { ClassificationHead } from "./classifier.ts";
import type { Training } from "./mode.ts";
import type { ParameterStore } from "./parameter-store.ts";

/** Hidden states of a packed batch. */
export interface EncoderOutput {
  /** [T C], after the last layer. */
  readonly hidden: Tensor;
  /** Embeddings and every layer, [T C] each, when asked for. */
  readonly layers?: readonly Tensor[];
}

/** How a forward pass runs. */
export interface ForwardOptions {
  /** Absent: inference, no dropout. */
  readonly training?: Training;
  /** Return the embeddings and the output of every layer, too. */
  readonly keepLayers?: boolean;
  /** Keep only each layer's input, and run the layer again during backward: less memory for a third more time. */
  readonly recompute?: boolean;
}

/** A model's body: packed token ids in, a hidden state per token out. */
export interface Encoder {
  readonly store: ParameterStore;
  /** C */
  readonly hiddenSize: number;
  /** The longest text that the position table holds. */
  readonly maxPositions: number;
  /** V */
  readonly vocabularySize: number;
  /** Tensors that files of this family may hold and the encoder does not use; written back unchanged. */
  isUnused(name: string): boolean;
  /** Must be called in a scope. E_TOO_LONG for a text beyond `maxPositions`, E_TOKEN_ID for an id outside of the vocabulary. */
  forward(tokens: DeviceTokens, options?: ForwardOptions): EncoderOutput;
}

/** An architecture: which folders it reads, and the encoder that it makes of them. What a plugin of kind `model` creates. */
export interface ModelFamily {
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** Prefixes that task models put before this family's names ("bert."). */
  readonly prefixes: readonly string[];
  /** Today's name of a tensor that older files call otherwise. */
  currentName?(name: string): string;
  /** An encoder with declared, unfilled parameters; E_CONFIG names the key of config.json that does not fit. */
  create(engine: Engine, config: unknown): Encoder;
  /** The head of the family's sequence-classification model for `labels` scores, declared in the encoder's store; absent where there is none. */
  classifier?(encoder: Encoder, labels: number): ClassificationHead;
}

declare module "@attune/core" {
  interface PluginKinds {
    model: ModelFamily;
  }
}
