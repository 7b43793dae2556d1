// An engine that computes in the precision that a benchmark names.

import { Engine } from "@attune/tensor";
import type { Backend } from "@attune/tensor";
import type { Precision } from "./kernel-case.ts";

/** Whether the backend has kernels for operands of this precision, natively or widened. */
export const hasPrecision = ({ limits }: Backend, precision: Precision): boolean => precision === "fp32" || limits.types.includes("bf16");

/** Throws for a precision that the backend cannot compute in. */
export function engineFor(backend: Backend, precision: Precision): Engine {
  if (!hasPrecision(backend, precision)) throw new Error(`${backend.description} has no ${precision} kernels`);
  return new Engine(backend, precision === "bf16" ? { compute: "bf16" } : {});
}
