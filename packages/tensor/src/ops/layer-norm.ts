// Layer normalisation over the last axis, with optional scale and shift. Statistics are two-pass: sums of squares of centred values, so a large
// mean costs no digits. Backward needs the normalised values and not x, so the product that follows can read them, too: one saved tensor for both.

import type { FloatType } from "../dtype.ts";
import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectActivation, expectWide, wideType } from "./_expect.ts";
import { add, mul, sub } from "./binary.ts";
import { cast, widened } from "./cast.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { addScalar, reciprocal, sqrt, square } from "./unary.ts";

type Inputs = { x: Tensor; weight?: Tensor; bias?: Tensor };

/** `keep` is the type of `normal`; that of y when left out. */
type Attributes = { eps: number; keep?: FloatType };

/** y and rstd are as wide as parameters; `normal` is (x − μ) · rstd, rounded to `keep`. y comes from what it was before the rounding. */
export const layerNormOp = defineOp<Inputs, { y: Tensor; normal: Tensor; rstd: Tensor }, Attributes>({
  name: "layerNorm",
  roundsItself: true,
  saves: { inputs: ["weight"], outputs: ["normal", "rstd"] },

  infer({ x, weight, bias }, { keep }) {
    const { rows, width } = rowsOf("layerNorm", x.shape);
    const dtype = wideType(x);
    expectFloat("layerNorm", "x", x);
    expectWide("layerNorm", x, { weight, bias });
    if (weight) expectShape("layerNorm", "weight", weight, [width]);
    if (bias) expectShape("layerNorm", "bias", bias, [width]);
    const normal = { shape: x.shape, dtype: keep ?? dtype };
    expectActivation("layerNorm", "keep", normal, dtype);
    return { y: { shape: x.shape, dtype }, normal, rstd: { shape: [rows], dtype } };
  },

  vjp({ normal, weight, rstd }, { dy }, _, sink) {
    const { dx, dWeight, dBias } = layerNormGradOp({ normal: normal!, weight, rstd: rstd!, dy: dy! }, { out: floatOf(sink.spec("x")) });
    return { x: dx, ...(sink.needs("weight") && { weight: dWeight }), ...(sink.needs("bias") && { bias: dBias }) };
  },

  decompose({ x, weight, bias }, { eps, keep }) {
    const { rows } = rowsOf("layerNorm", x.shape);
    const wide = widened(x);
    const centred = sub(wide, mean(wide, { axis: -1, keep: true })); // [… C]
    const inverse = reciprocal(sqrt(addScalar(mean(square(centred), { axis: -1, keep: true }), eps))); // [… 1]
    const normal = mul(centred, inverse);
    const scaled = weight ? mul(normal, weight) : normal;
    return { y: bias ? add(scaled, bias) : scaled, normal: cast(normal, keep ?? normal.dtype), rstd: reshape(inverse, [rows]) };
  },
});

type GradInputs = { normal: Tensor; weight?: Tensor; rstd: Tensor; dy: Tensor };

/** `out` is the type of dx; that of dy when left out. */
export const layerNormGradOp = defineOp<GradInputs, { dx: Tensor; dWeight: Tensor; dBias: Tensor }, { out?: FloatType }>({
  name: "layerNormGrad",
  roundsItself: true,

  infer({ normal, weight, rstd, dy }, { out }) {
    const { rows, width } = rowsOf("layerNormGrad", normal.shape);
    const dtype = expectSaved("layerNormGrad", { normal, weight, rstd, dy });
    if (weight) expectShape("layerNormGrad", "weight", weight, [width]);
    expectShape("layerNormGrad", "rstd", rstd, [rows]);
    const dx = { shape: normal.shape, dtype: out ?? dtype };
    expectActivation("layerNormGrad", "out", dx, dtype);
    return { dx, dWeight: { shape: [width], dtype }, dBias: { shape: [width], dtype } };
  },

  // dx̂ = dy · weight;   dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) · rstd;   dWeight = Σ_T dy · x̂;   dBias = Σ_T dy
  decompose({ normal: saved, weight, rstd, dy }, { out = floatOf(dy) }) {
    const { rows, width } = rowsOf("layerNormGrad", saved.shape);
    const normal = reshape(widened(saved), [rows, width]);
    const flatDy = reshape(dy, [rows, width]);
    const dNormal = weight ? mul(flatDy, weight) : flatDy;
    const along = mul(normal, mean(mul(dNormal, normal), { axis: -1, keep: true }));
    const dx = mul(sub(sub(dNormal, mean(dNormal, { axis: -1, keep: true })), along), reshape(rstd, [rows, 1]));
    return {
      dx: cast(reshape(dx, saved.shape), out),
      dWeight: sum(mul(flatDy, normal), { axis: 0 }),
      dBias: sum(flatDy, { axis: 0 }),
    };
  },
});

/** Checks what the gradients of both norms read, and gives the type of everything but `normal`. */
export function expectSaved(op: string, { normal, weight, rstd, dy }: GradInputs): "f32" | "f64" {
  const dtype = wideType(normal);
  expectActivation(op, "normal", normal, dtype);
  expectWide(op, normal, { weight, rstd });
  expectShape(op, "dy", dy, normal.shape);
  expectType(op, "dy", dy, dtype);
  return dtype;
}

/** The type of a float. */
export const floatOf = ({ dtype }: { dtype: Tensor["dtype"] }): FloatType => dtype as FloatType;

/** What a norm gives: y itself, and the normalised values as the next product reads them. */
export interface Normed {
  /** [… C], as wide as parameters. */
  readonly y: Tensor;
  /** [… C]: y = weight · normal + bias. */
  readonly normal: Tensor;
}

export interface LayerNormOptions {
  /** [C] */
  readonly weight?: Tensor;
  /** [C] */
  readonly bias?: Tensor;
  readonly eps: number;
  /** The type of `normal`; y's own when left out. */
  readonly keep?: FloatType;
}

/** y = (x − μ) / √(σ² + eps) · weight + bias, per row. x [… C] → [… C]. */
export function layerNorm(x: Tensor, options: LayerNormOptions): Tensor {
  return layerNormed(x, options).y;
}

/** The same, and the normalised values for the product that follows (`linear`'s `normal`). */
export function layerNormed(x: Tensor, { weight, bias, eps, keep }: LayerNormOptions): Normed {
  return layerNormOp({ x, weight, bias }, { eps, ...(keep && { keep }) });
}
