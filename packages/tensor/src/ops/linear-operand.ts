// What a dense layer multiplies: x itself, or a norm's result read as its normalised values with scale and shift, which then need not be saved
// twice. The type of what is read decides the arithmetic: from bf16 on, the weights are rounded, too, and sums stay in f32.

import type { FloatType } from "../dtype.ts";
import { expectShape, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectActivation, expectWide, wideType } from "./_expect.ts";
import { activate, activationGrad } from "./activations.ts";
import type { Activation } from "./activations.ts";
import { add, mul } from "./binary.ts";
import { roundedTo, widened } from "./cast.ts";

/** What a dense layer can apply before or after its product; `none` passes. */
export type LinearActivation = Activation | "none";

/** x [T K], or normal [T K] with gamma [K] and beta [K]: x = gamma · normal + beta. */
export interface LinearOperand {
  readonly x?: Tensor;
  readonly normal?: Tensor;
  readonly gamma?: Tensor;
  readonly beta?: Tensor;
}

/** Checks an operand and gives its shape, its type, and that of parameters beside it. */
export function expectOperand(
  op: string,
  { x, normal, gamma, beta }: LinearOperand,
): { shape: readonly number[]; dtype: FloatType; wide: "f32" | "f64" } {
  const read = normal ?? x;
  if (!read || !normal !== !gamma || !normal !== !beta) throw shapeError(op, "x, or normal, gamma and beta", "other operands");
  expectShape(op, normal ? "normal" : "x", read, ["T", "K"]);
  const wide = wideType(read);
  expectActivation(op, normal ? "normal" : "x", read, wide);
  expectWide(op, read, { gamma, beta });
  if (gamma) expectShape(op, "gamma", gamma, [read.shape[1]]);
  if (beta) expectShape(op, "beta", beta, [read.shape[1]]);
  return { shape: read.shape, dtype: read.dtype as FloatType, wide };
}

/** The type of what a product reads. */
export function operandType({ x, normal }: LinearOperand): FloatType {
  return (normal ?? x)!.dtype as FloatType;
}

/** before(x), as wide as parameters, with the values that the product reads. */
export function operandValues({ x, normal, gamma, beta }: LinearOperand, before: LinearActivation): Tensor {
  const whole = normal ? add(mul(widened(normal), gamma!), beta!) : widened(x!);
  const exact = !normal && before === "none";
  return exact ? whole : roundedTo(activateOrPass(whole, before), (normal ?? x)!.dtype);
}

/** act(x), or x itself. */
export function activateOrPass(x: Tensor, activation: LinearActivation): Tensor {
  return activation === "none" ? x : activate(x, activation);
}

/** act'(pre) · dy in f32 (f64), or dy itself. */
export function gradOrPass(pre: Tensor | undefined, dy: Tensor, activation: LinearActivation): Tensor {
  return pre && activation !== "none" ? activationGrad(widened(pre), widened(dy), activation) : dy;
}
