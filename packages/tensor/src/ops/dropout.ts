// Dropout with counter-based masks: the backward pass draws the mask again instead of saving it.

import { defineOp } from "../op.ts";
import { expectFloat, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";

export const dropoutOp = defineOp<{ x: Tensor }, { y: Tensor }, { random: RandomMask }>({
  name: "dropout",

  infer({ x }, { random }) {
    expectFloat("dropout", "x", x);
    rowsOf("dropout", x.shape);
    expectRandom("dropout", random);
    return { y: { shape: x.shape, dtype: x.dtype } };
  },

  // dx = dy under the same mask
  vjp: (_, { dy }, { random }) => ({ x: dropout(dy!, random) }),
});

/** x with a share p of its elements set to 0 and the others scaled up to keep the mean; x itself without a mask. x [… C]. */
export function dropout(x: Tensor, random: RandomMask | undefined): Tensor {
  return random && random.p > 0 ? dropoutOp({ x }, { random }).y : x;
}
