// Root-mean-square normalisation over the last axis, as decoders use it: no mean, no shift.

import { defineOp } from "../op.ts";
import { expectShape, expectType, rowsOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, wideType } from "./_expect.ts";
import { mul, sub } from "./binary.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { addScalar, reciprocal, sqrt, square } from "./unary.ts";

export const rmsNormOp = defineOp<{ x: Tensor; weight?: Tensor }, { y: Tensor; inverse: Tensor }, { eps: number }>({
  name: "rmsNorm",
  saves: { inputs: ["x", "weight"], outputs: ["inverse"] },

  infer({ x, weight }) {
    const { rows, width } = rowsOf("rmsNorm", x.shape);
    expectOneFloat("rmsNorm", x, { weight });
    if (weight) expectShape("rmsNorm", "weight", weight, [width]);
    return { y: { shape: x.shape, dtype: x.dtype }, inverse: { shape: [rows], dtype: wideType(x) } };
  },

  vjp({ x, weight, inverse }, { dy }, _, sink) {
    const { dx, dWeight } = rmsNormGradOp({ x: x!, weight, inverse: inverse!, dy: dy! }, {});
    return { x: dx, ...(sink.needs("weight") && { weight: dWeight }) };
  },

  decompose({ x, weight }, { eps }) {
    const { rows } = rowsOf("rmsNorm", x.shape);
    const inverse = reciprocal(sqrt(addScalar(mean(square(x), { axis: -1, keep: true }), eps))); // [… 1]
    const normal = mul(x, inverse);
    return { y: weight ? mul(normal, weight) : normal, inverse: reshape(inverse, [rows]) };
  },
});

export const rmsNormGradOp = defineOp<{ x: Tensor; weight?: Tensor; inverse: Tensor; dy: Tensor }, { dx: Tensor; dWeight: Tensor }, object>(
  {
    name: "rmsNormGrad",

    infer({ x, weight, inverse, dy }) {
      const { rows, width } = rowsOf("rmsNormGrad", x.shape);
      expectOneFloat("rmsNormGrad", x, { weight, dy });
      if (weight) expectShape("rmsNormGrad", "weight", weight, [width]);
      expectShape("rmsNormGrad", "inverse", inverse, [rows]);
      expectType("rmsNormGrad", "inverse", inverse, wideType(x));
      expectShape("rmsNormGrad", "dy", dy, x.shape);
      return { dx: { shape: x.shape, dtype: x.dtype }, dWeight: { shape: [width], dtype: x.dtype } };
    },

    // x̂ = x · inverse;   dx̂ = dy · weight;   dx = (dx̂ − x̂ · mean(dx̂ · x̂)) · inverse;   dWeight = Σ_T dy · x̂
    decompose({ x, weight, inverse, dy }) {
      const { rows, width } = rowsOf("rmsNormGrad", x.shape);
      const flatDy = reshape(dy, [rows, width]);
      const scales = reshape(inverse, [rows, 1]);
      const normal = mul(reshape(x, [rows, width]), scales);
      const dNormal = weight ? mul(flatDy, weight) : flatDy;
      const dx = mul(sub(dNormal, mul(normal, mean(mul(dNormal, normal), { axis: -1, keep: true }))), scales);
      return { dx: reshape(dx, x.shape), dWeight: sum(mul(flatDy, normal), { axis: 0 }) };
    },
  },
);

/** y = x / √(mean(x²) + eps) · weight, per row. x [… C] · weight [C] → [… C]. */
export function rmsNorm(x: Tensor, { weight, eps }: { weight?: Tensor; eps: number }): Tensor {
  return rmsNormOp({ x, weight }, { eps }).y;
}
