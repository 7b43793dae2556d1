// The end of a post-norm sublayer in one pass: dropout, residual and layer normalisation. Only the sum and its statistics are saved.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, statisticsType } from "./_expect.ts";
import { add } from "./binary.ts";
import { dropout } from "./dropout.ts";
import { layerNormGradOp, layerNormOp } from "./layer-norm.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";

type Inputs = { x: Tensor; residual: Tensor; weight: Tensor; bias: Tensor };

export const addLayerNormOp = defineOp<Inputs, { y: Tensor; sum: Tensor; stats: Tensor }, { eps: number; random?: RandomMask }>({
  name: "addLayerNorm",
  saves: { inputs: ["weight"], outputs: ["sum", "stats"] },

  infer({ x, residual, weight, bias }, { random }) {
    expectShape("addLayerNorm", "x", x, ["T", "C"]);
    expectOneFloat("addLayerNorm", x, { residual, weight, bias });
    expectShape("addLayerNorm", "residual", residual, x.shape);
    expectShape("addLayerNorm", "weight", weight, [x.shape[1]]);
    expectShape("addLayerNorm", "bias", bias, [x.shape[1]]);
    expectRandom("addLayerNorm", random);
    const like = { shape: x.shape, dtype: x.dtype };
    return { y: like, sum: like, stats: { shape: [x.shape[0], 2], dtype: statisticsType(x) } };
  },

  // dResidual = layerNormGrad(sum);   dx = dResidual under the dropout mask: the same tensor when nothing is dropped
  vjp({ sum, weight, stats }, { dy }, { random }, sink) {
    const saved = { weight: weight!, stats: stats!, dy: dy! };
    const plain = random ? undefined : layerNormGradOp({ x: sum!, ...saved }, {});
    const { dx, dResidual, dWeight, dBias } = plain
      ? { ...plain, dResidual: plain.dx }
      : addLayerNormGradOp({ sum: sum!, ...saved }, { random: random! });
    return { x: dx, residual: dResidual, ...(sink.needs("weight") && { weight: dWeight }), ...(sink.needs("bias") && { bias: dBias }) };
  },

  decompose({ x, residual, weight, bias }, { eps, random }) {
    const sum = add(residual, random ? dropout(x, random) : x); // [T C]
    return { sum, ...layerNormOp({ x: sum, weight, bias }, { eps }) };
  },
});

type GradInputs = { sum: Tensor; weight: Tensor; stats: Tensor; dy: Tensor };

export const addLayerNormGradOp = defineOp<
  GradInputs,
  { dx: Tensor; dResidual: Tensor; dWeight: Tensor; dBias: Tensor },
  { random: RandomMask }
>({
  name: "addLayerNormGrad",

  infer({ sum, weight, stats, dy }, { random }) {
    expectShape("addLayerNormGrad", "sum", sum, ["T", "C"]);
    expectShape("addLayerNormGrad", "weight", weight, [sum.shape[1]]);
    expectShape("addLayerNormGrad", "stats", stats, [sum.shape[0], 2]);
    expectShape("addLayerNormGrad", "dy", dy, sum.shape);
    expectFloat("addLayerNormGrad", "sum", sum);
    expectOneFloat("addLayerNormGrad", sum, { weight, dy });
    expectType("addLayerNormGrad", "stats", stats, statisticsType(sum));
    expectRandom("addLayerNormGrad", random);
    const like = { shape: sum.shape, dtype: sum.dtype };
    const column = { shape: [sum.shape[1]], dtype: sum.dtype };
    return { dx: like, dResidual: like, dWeight: column, dBias: column };
  },

  decompose({ sum, weight, stats, dy }, { random }) {
    const { dx, dWeight, dBias } = layerNormGradOp({ x: sum, weight, stats, dy }, {});
    return { dx: dropout(dx, random), dResidual: dx, dWeight, dBias };
  },
});

/** layerNorm(residual + dropout(x)). x [T C] · residual [T C] · weight [C] · bias [C] → [T C]. */
export function addLayerNorm(
  x: Tensor,
  { eps, random, ...operands }: { residual: Tensor; weight: Tensor; bias: Tensor; eps: number; random?: RandomMask },
): Tensor {
  return addLayerNormOp({ x, ...operands }, { eps, random }).y;
}
