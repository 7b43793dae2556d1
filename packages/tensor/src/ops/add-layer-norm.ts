// The end of a post-norm sublayer in one pass: dropout, residual and layer normalisation. The residual stream stays wide, whatever x is; of
// everything here only the normalised values are saved.

import type { FloatType } from "../dtype.ts";
import { defineOp } from "../op.ts";
import { expectShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectActivation, expectWide, wideType } from "./_expect.ts";
import { add } from "./binary.ts";
import { cast, widened } from "./cast.ts";
import { dropout } from "./dropout.ts";
import { expectSaved, floatOf, layerNormGradOp, layerNormOp } from "./layer-norm.ts";
import type { Normed } from "./layer-norm.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";

type Inputs = { x: Tensor; residual: Tensor; weight: Tensor; bias: Tensor };

/** `keep` is the type of `normal`; that of y when left out. */
type Attributes = { eps: number; keep?: FloatType; random?: RandomMask };

export const addLayerNormOp = defineOp<Inputs, { y: Tensor; normal: Tensor; rstd: Tensor }, Attributes>({
  name: "addLayerNorm",
  roundsItself: true,
  saves: { inputs: ["weight"], outputs: ["normal", "rstd"] },

  infer({ x, residual, weight, bias }, { keep, random }) {
    const dtype = wideType(x);
    expectShape("addLayerNorm", "x", x, ["T", "C"]);
    expectActivation("addLayerNorm", "x", x, dtype);
    expectWide("addLayerNorm", x, { residual, weight, bias });
    expectShape("addLayerNorm", "residual", residual, x.shape);
    expectShape("addLayerNorm", "weight", weight, [x.shape[1]]);
    expectShape("addLayerNorm", "bias", bias, [x.shape[1]]);
    expectRandom("addLayerNorm", random);
    const normal = { shape: x.shape, dtype: keep ?? dtype };
    expectActivation("addLayerNorm", "keep", normal, dtype);
    return { y: { shape: x.shape, dtype }, normal, rstd: { shape: [x.shape[0]], dtype } };
  },

  // dResidual = layerNormGrad;   dx = dResidual under the dropout mask, in x's type: the same tensor when nothing is dropped or rounded
  vjp({ normal, weight, rstd }, { dy }, { random }, sink) {
    const saved = { normal: normal!, weight: weight!, rstd: rstd!, dy: dy! };
    const out = floatOf(sink.spec("x"));
    const plain = random || out !== saved.dy.dtype ? undefined : layerNormGradOp(saved, {});
    const { dx, dResidual, dWeight, dBias } = plain
      ? { ...plain, dResidual: plain.dx }
      : addLayerNormGradOp(saved, { out, ...(random && { random }) });
    return { x: dx, residual: dResidual, ...(sink.needs("weight") && { weight: dWeight }), ...(sink.needs("bias") && { bias: dBias }) };
  },

  decompose({ x, residual, weight, bias }, { eps, keep, random }) {
    const wide = widened(x);
    const sum = add(residual, random ? dropout(wide, random) : wide); // [T C]
    return layerNormOp({ x: sum, weight, bias }, { eps, ...(keep && { keep }) });
  },
});

type GradInputs = { normal: Tensor; weight: Tensor; rstd: Tensor; dy: Tensor };
type GradOutputs = { dx: Tensor; dResidual: Tensor; dWeight: Tensor; dBias: Tensor };

/** `out` is the type of dx; that of dy when left out. */
export const addLayerNormGradOp = defineOp<GradInputs, GradOutputs, { out?: FloatType; random?: RandomMask }>({
  name: "addLayerNormGrad",
  roundsItself: true,

  infer({ normal, weight, rstd, dy }, { out, random }) {
    expectShape("addLayerNormGrad", "normal", normal, ["T", "C"]);
    const dtype = expectSaved("addLayerNormGrad", { normal, weight, rstd, dy });
    const { shape } = normal;
    expectShape("addLayerNormGrad", "weight", weight, [shape[1]]);
    expectShape("addLayerNormGrad", "rstd", rstd, [shape[0]]);
    expectRandom("addLayerNormGrad", random);
    const dx = { shape, dtype: out ?? dtype };
    expectActivation("addLayerNormGrad", "out", dx, dtype);
    const column = { shape: [shape[1]], dtype };
    return { dx, dResidual: { shape, dtype }, dWeight: column, dBias: column };
  },

  decompose(saved, { out = floatOf(saved.dy), random }) {
    const { dx, dWeight, dBias } = layerNormGradOp(saved, {});
    return { dx: cast(dropout(dx, random), out), dResidual: dx, dWeight, dBias };
  },
});

export interface AddLayerNormOptions {
  /** [T C], as wide as parameters. */
  readonly residual: Tensor;
  /** [C] */
  readonly weight: Tensor;
  /** [C] */
  readonly bias: Tensor;
  readonly eps: number;
  readonly random?: RandomMask;
  /** The type of `normal`; y's own when left out. */
  readonly keep?: FloatType;
}

/** layerNorm(residual + dropout(x)), and its normalised values for the product that follows. x [T C] → [T C]. */
export function addLayerNorm(x: Tensor, { eps, random, keep, ...operands }: AddLayerNormOptions): Normed {
  return addLayerNormOp({ x, ...operands }, { eps, ...(random && { random }), ...(keep && { keep }) });
}
