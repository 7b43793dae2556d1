// Checks that the fused ops share in their `infer`.

import type { DType } from "../dtype.ts";
import { expectFloat, expectType } from "../shape.ts";
import type { Spec } from "../shape.ts";

/** E_DTYPE unless x is a float and every other operand that is given has its type. */
export function expectOneFloat(op: string, x: Spec, others: Readonly<Record<string, Spec | readonly Spec[] | undefined>> = {}): void {
  expectFloat(op, "x", x);
  for (const [name, other] of Object.entries(others)) {
    if (Array.isArray(other)) (other as readonly Spec[]).forEach((one, i) => expectType(op, `${name}[${i}]`, one, x.dtype));
    else if (other) expectType(op, name, other as Spec, x.dtype);
  }
}

/** The type in which statistics of x are kept for backward: f64 for f64, else f32. */
export function statisticsType(x: Spec): DType {
  return x.dtype === "f64" ? "f64" : "f32";
}
