// What every op of one tensor, element by element, has in common.

import { defineOp } from "../op.ts";
import type { Op } from "../op.ts";
import { expectFloat } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export type UnaryOp = Op<{ x: Tensor }, { y: Tensor }, object>;

interface UnaryDefinition {
  /** What the gradient needs: the input, the output, or neither. */
  readonly saves?: "x" | "y";
  /** dx from dy and what was saved. */
  gradient(dy: Tensor, saved: { x: Tensor; y: Tensor }): Tensor;
  decompose?(x: Tensor): Tensor;
}

/** An op y = f(x) on floats. */
export function defineUnary(name: string, { saves, gradient, decompose }: UnaryDefinition): UnaryOp {
  return defineOp<{ x: Tensor }, { y: Tensor }, object>({
    name,
    saves: { inputs: saves === "x" ? ["x"] : [], outputs: saves === "y" ? ["y"] : [] },

    infer({ x }) {
      expectFloat(name, "x", x);
      return { y: { shape: x.shape, dtype: x.dtype } };
    },

    vjp: (saved, { dy }) => ({ x: gradient(dy!, saved as { x: Tensor; y: Tensor }) }),
    ...(decompose && { decompose: ({ x }) => ({ y: decompose(x) }) }),
  });
}
