// From hidden states [T C] to one vector per text [B C]. Poolings see packed tokens only; an empty text gives zeros.

import type { DeviceTokens, Tensor } from "@attune/tensor";

/** A way to make one vector of a text's hidden states. */
export interface Pooling {
  readonly name: string;
  /** hidden [T C] -> [B C]; with `skipPrompt`, the leading `promptLengths` tokens of each text are left out. */
  pool(hidden: Tensor, tokens: DeviceTokens, options?: { skipPrompt?: boolean }): Tensor;
}

declare module "@attune/core" {
  interface PluginKinds {
    pooling: Pooling;
  }
}
