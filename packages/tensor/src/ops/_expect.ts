// Checks that the fused ops share in their `infer`.

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

/** The type that sums over x, its statistics, and the parameters beside it have: f64 for f64, else f32. */
export function wideType(x: Spec): "f32" | "f64" {
  return x.dtype === "f64" ? "f64" : "f32";
}

/** E_DTYPE unless every operand that is given is as wide as what parameters beside x are. */
export function expectWide(op: string, x: Spec, others: Readonly<Record<string, Spec | readonly Spec[] | undefined>>): void {
  for (const [name, other] of Object.entries(others)) {
    if (Array.isArray(other)) (other as readonly Spec[]).forEach((one, i) => expectType(op, `${name}[${i}]`, one, wideType(x)));
    else if (other) expectType(op, name, other as Spec, wideType(x));
  }
}

/** E_DTYPE unless x is a type that products read and activations are kept in: bf16, or `wide` itself. */
export function expectActivation(op: string, name: string, x: Spec, wide: "f32" | "f64"): void {
  expectType(op, name, x, ...(wide === "f64" ? (["f64"] as const) : (["f32", "bf16"] as const)));
}
