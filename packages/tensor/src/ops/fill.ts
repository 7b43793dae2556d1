// Constants made on the device.

import type { DType } from "../dtype.ts";
import type { Engine } from "../engine.ts";
import { defineOp, runOn } from "../op.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const fillOp = defineOp<Record<string, never>, { y: Tensor }, { shape: Shape; dtype: DType; value: number }>({
  name: "fill",
  infer: (_, { shape, dtype }) => ({ y: { shape, dtype } }),
});

/** A tensor of one value; `dtype` defaults to the engine's float type. */
export function fill(engine: Engine, shape: Shape, value: number, dtype: DType = engine.float): Tensor {
  return runOn(engine, fillOp, {}, { shape, dtype, value }).y;
}
