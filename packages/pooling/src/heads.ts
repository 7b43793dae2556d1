// What follows the pooling in a sentence-transformers folder: Dense and Normalize. Each maps [B D] to [B D'].

import { AttuneError } from "@attune/core";
import { l2Normalize, linear } from "@attune/tensor";
import type { LinearActivation, Parameter, Tensor } from "@attune/tensor";

/** A module between pooling and embedding. */
export interface Head {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** D' of an input of width D; E_WIDTH when they do not fit. */
  width(input: number): number;
  /** [B D] -> [B D'] */
  apply(x: Tensor): Tensor;
}

/** x / max(‖x‖, 1e-12), per row. sentence-transformers' Normalize. */
export const normalize: Head = {
  name: "normalize",
  parameters: [],
  width: (input) => input,
  apply: (x) => l2Normalize(x, { eps: 1e-12 }),
};

/** activation(x · weightᵀ + bias): weight [D' D], bias [D']. sentence-transformers' Dense. */
export function dense({ weight, bias, activation }: { weight: Parameter; bias?: Parameter; activation: LinearActivation }): Head {
  const [out, into] = weight.shape;
  return {
    name: "dense",
    parameters: bias ? [weight, bias] : [weight],
    width(input) {
      if (input === into) return out;
      throw new AttuneError({ code: "E_WIDTH", place: weight.name, expected: `an input of width ${into}`, got: String(input) });
    },
    apply: (x) => linear(x, { weight: weight.value, ...(bias && { bias: bias.value }), after: activation }),
  };
}
