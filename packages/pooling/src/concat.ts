// Several poolings side by side, as sentence-transformers concatenates them: cls, max, mean …, in that library's order.

import { concat } from "@attune/tensor";
import type { Pooling } from "./pooling.ts";

/** One pooling of several (at least one): their [B C] side by side, [B nC] in the given order; a single one is returned as it is. */
export function concatPoolings(poolings: readonly Pooling[]): Pooling {
  if (poolings.length === 1) return poolings[0];
  return {
    name: poolings.map((pooling) => pooling.name).join("+"),
    pool: (hidden, tokens, options) =>
      concat(
        poolings.map((pooling) => pooling.pool(hidden, tokens, options)),
        { axis: 1 },
      ),
  };
}
