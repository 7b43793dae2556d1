// Gated activations (GeGLU, SwiGLU): one half of the columns, activated, times the other half.

import { defineOp } from "../op.ts";
import { expectShape, rowsOf, shapeError, shapeText } from "../shape.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat } from "./_expect.ts";
import { activate, activationGrad } from "./activations.ts";
import { mul } from "./binary.ts";
import { concat } from "./concat.ts";
import { slice } from "./slice.ts";

export interface GatedOptions {
  readonly activation: "gelu" | "geluTanh" | "silu";
  /** The half of the columns that is activated. */
  readonly activated: "first" | "second";
}

export const gatedOp = defineOp<{ x: Tensor }, { y: Tensor }, GatedOptions>({
  name: "gated",
  saves: { inputs: ["x"] },

  infer({ x }) {
    expectOneFloat("gated", x);
    return { y: { shape: halfOf("gated", x.shape), dtype: x.dtype } };
  },

  vjp: ({ x }, { dy }, options) => ({ x: gatedGradOp({ x: x!, dy: dy! }, options).dx }),

  decompose({ x }, { activation, activated }) {
    const [inner, gate] = split(x, activated); // [… C] each
    return { y: mul(activate(inner, activation), gate) };
  },
});

export const gatedGradOp = defineOp<{ x: Tensor; dy: Tensor }, { dx: Tensor }, GatedOptions>({
  name: "gatedGrad",

  infer({ x, dy }) {
    expectOneFloat("gatedGrad", x, { dy });
    expectShape("gatedGrad", "dy", dy, halfOf("gatedGrad", x.shape));
    return { dx: { shape: x.shape, dtype: x.dtype } };
  },

  // dInner = dy · gate · act'(inner);   dGate = dy · act(inner)
  decompose({ x, dy }, { activation, activated }) {
    const [inner, gate] = split(x, activated);
    const dInner = activationGrad(inner, mul(dy, gate), activation);
    const dGate = mul(dy, activate(inner, activation));
    return { dx: concat(activated === "first" ? [dInner, dGate] : [dGate, dInner], { axis: -1 }) };
  },
});

/** act(x₁) · x₂ of the halves x₁, x₂ of the last axis, or x₁ · act(x₂). x [… 2C] → [… C]. */
export function gated(x: Tensor, options: GatedOptions): Tensor {
  return gatedOp({ x }, options).y;
}

function halfOf(op: string, shape: Shape): Shape {
  const { width } = rowsOf(op, shape);
  if (width % 2 !== 0) throw shapeError(op, "x [… 2C]", shapeText(shape));
  return shape.with(-1, width / 2);
}

/** The activated half, then the other. */
function split(x: Tensor, activated: "first" | "second"): readonly [Tensor, Tensor] {
  const { width } = rowsOf("gated", x.shape);
  const first = slice(x, { axis: -1, end: width / 2 });
  const second = slice(x, { axis: -1, start: width / 2 });
  return activated === "first" ? [first, second] : [second, first];
}
