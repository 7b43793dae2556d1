// The optimiser's ops. Norm, clipping and the decision to skip a step stay on the device: the host reads nothing within a step.
// They write their state in place and are never recorded.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, wideType } from "./_expect.ts";

export const sumOfSquaresOp = defineOp<{ xs: readonly Tensor[] }, { y: Tensor }, object>({
  name: "sumOfSquares",

  infer({ xs }) {
    if (xs.length === 0) throw shapeError("sumOfSquares", "at least one tensor", "none");
    expectFloat("sumOfSquares", "xs[0]", xs[0]);
    xs.forEach((x, i) => expectType("sumOfSquares", `xs[${i}]`, x, xs[0].dtype));
    return { y: { shape: [1], dtype: wideType(xs[0]) } };
  },
});

/** Σ x² over all elements of all tensors, [1]: partial sums per 65536 elements of a tensor, added in order. */
export function sumOfSquares(xs: readonly Tensor[]): Tensor {
  return sumOfSquaresOp({ xs }, {}).y;
}

export interface UpdateControlOptions {
  /** Largest norm of the whole gradient; 0 leaves it alone. */
  readonly maxNorm: number;
  /** What gradients are multiplied by first: 1 / accumulation steps, or 1 / loss scale. */
  readonly gradientScale: number;
}

export const updateControlOp = defineOp<{ squares: Tensor; applied: Tensor }, { control: Tensor }, UpdateControlOptions>({
  name: "updateControl",
  writes: ["applied"],

  infer({ squares, applied }) {
    expectType("updateControl", "squares", squares, "f32", "f64");
    expectShape("updateControl", "squares", squares, [1]);
    expectType("updateControl", "applied", applied, "i32");
    expectShape("updateControl", "applied", applied, [1]);
    return { control: { shape: [4], dtype: squares.dtype } };
  },
});

/**
 * What an update needs to know, [4] = (norm of the scaled gradient, factor for gradients, finite 1 or 0, steps applied after this one); counts
 * the step in `applied` i32 [1] if it is finite. Clips as torch.nn.utils.clip_grad_norm_: by min(1, maxNorm / (norm + 1e-6)).
 */
export function updateControl(operands: { squares: Tensor; applied: Tensor }, options: UpdateControlOptions): Tensor {
  return updateControlOp(operands, options).control;
}

export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

type AdamWInputs = { parameter: Tensor; gradient: Tensor; m: Tensor; v: Tensor; control: Tensor };

export const adamwOp = defineOp<AdamWInputs, Record<never, never>, AdamWOptions>({
  name: "adamw",
  writes: ["parameter", "m", "v"],

  infer({ parameter, gradient, m, v, control }) {
    expectOneFloat("adamw", parameter, { gradient, m, v });
    for (const [name, tensor] of Object.entries({ gradient, m, v })) expectShape("adamw", name, tensor, parameter.shape);
    expectShape("adamw", "control", control, [4]);
    expectType("adamw", "control", control, wideType(parameter));
    return {};
  },
});

/**
 * One step of torch.optim.AdamW in place: of the parameter and its moments m and v, all of one shape. `control` [4] from `updateControl` scales the
 * gradient, counts the steps and skips a step that is not finite.
 */
export function adamw(operands: AdamWInputs, options: AdamWOptions): void {
  adamwOp(operands, options);
}
