// Layer normalisation over the last axis, with optional scale and shift.
// Statistics are two-pass: sums of squares of centred values, so a large mean costs no digits.

import { defineOp } from "../op.ts";
import { expectShape, expectType, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, statisticsType } from "./_expect.ts";
import { add, mul, sub } from "./binary.ts";
import { concat } from "./concat.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { addScalar, reciprocal, sqrt, square } from "./unary.ts";

type Inputs = { x: Tensor; weight?: Tensor; bias?: Tensor };

export const layerNormOp = defineOp<Inputs, { y: Tensor; stats: Tensor }, { eps: number }>({
  name: "layerNorm",
  saves: { inputs: ["x", "weight"], outputs: ["stats"] },

  infer({ x, weight, bias }) {
    const { rows, width } = rowsOf("layerNorm", x.shape);
    expectOneFloat("layerNorm", x, { weight, bias });
    if (weight) expectShape("layerNorm", "weight", weight, [width]);
    if (bias) expectShape("layerNorm", "bias", bias, [width]);
    return { y: { shape: x.shape, dtype: x.dtype }, stats: { shape: [rows, 2], dtype: statisticsType(x) } };
  },

  vjp({ x, weight, stats }, { dy }, _, sink) {
    const { dx, dWeight, dBias } = layerNormGradOp({ x: x!, weight, stats: stats!, dy: dy! }, {});
    return { x: dx, ...(sink.needs("weight") && { weight: dWeight }), ...(sink.needs("bias") && { bias: dBias }) };
  },

  decompose({ x, weight, bias }, { eps }) {
    const { rows } = rowsOf("layerNorm", x.shape);
    const mu = mean(x, { axis: -1, keep: true }); // [… 1]
    const centred = sub(x, mu); // [… C]
    const inverse = reciprocal(sqrt(addScalar(mean(square(centred), { axis: -1, keep: true }), eps))); // [… 1]
    const normal = mul(centred, inverse);
    const scaled = weight ? mul(normal, weight) : normal;
    return { y: bias ? add(scaled, bias) : scaled, stats: concat([reshape(mu, [rows, 1]), reshape(inverse, [rows, 1])], { axis: 1 }) };
  },
});

export const layerNormGradOp = defineOp<
  { x: Tensor; weight?: Tensor; stats: Tensor; dy: Tensor },
  { dx: Tensor; dWeight: Tensor; dBias: Tensor },
  object
>({
  name: "layerNormGrad",

  infer({ x, weight, stats, dy }) {
    const { rows, width } = rowsOf("layerNormGrad", x.shape);
    expectOneFloat("layerNormGrad", x, { weight, dy });
    if (weight) expectShape("layerNormGrad", "weight", weight, [width]);
    expectShape("layerNormGrad", "stats", stats, [rows, 2]);
    expectShape("layerNormGrad", "dy", dy, x.shape);
    expectType("layerNormGrad", "stats", stats, statisticsType(x));
    return {
      dx: { shape: x.shape, dtype: x.dtype },
      dWeight: { shape: [width], dtype: x.dtype },
      dBias: { shape: [width], dtype: x.dtype },
    };
  },

  // dx̂ = dy · weight;   dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ;   dWeight = Σ_T dy · x̂;   dBias = Σ_T dy
  decompose({ x, weight, stats, dy }) {
    const { rows, width } = rowsOf("layerNormGrad", x.shape);
    const flatX = reshape(x, [rows, width]);
    const flatDy = reshape(dy, [rows, width]);
    const inverse = slice(stats, { axis: 1, start: 1, end: 2 }); // [rows 1]
    const normal = mul(sub(flatX, slice(stats, { axis: 1, start: 0, end: 1 })), inverse);
    const dNormal = weight ? mul(flatDy, weight) : flatDy;
    const along = mul(normal, mean(mul(dNormal, normal), { axis: -1, keep: true }));
    const dx = mul(sub(sub(dNormal, mean(dNormal, { axis: -1, keep: true })), along), inverse);
    return { dx: reshape(dx, x.shape), dWeight: sum(mul(flatDy, normal), { axis: 0 }), dBias: sum(flatDy, { axis: 0 }) };
  },
});

/** y = (x − μ) / √(σ² + eps) · weight + bias, per row. x [… C] · weight [C] · bias [C] → [… C]. */
export function layerNorm(x: Tensor, { weight, bias, eps }: { weight?: Tensor; bias?: Tensor; eps: number }): Tensor {
  return layerNormOp({ x, weight, bias }, { eps }).y;
}
