// What stands on an encoder where a model gives scores per text instead of hidden states per token. Its parameters are declared in the encoder's
// store, so that one store is loaded, trained and freed. No loss and no activation after the last layer: these are logits.

import type { DeviceTokens, Tensor } from "@attune/tensor";

/** A sequence-classification head. */
export interface ClassificationHead {
  /** L: scores per text. */
  readonly labels: number;
  /** Whether a tensor of this name stands beside the encoder's in the file, without the family's prefix. */
  isOutside(name: string): boolean;
  /** hidden [T C] -> logits [B L]; must be called in a scope. A text without tokens is E_EMPTY. */
  forward(hidden: Tensor, tokens: DeviceTokens): Tensor;
}
