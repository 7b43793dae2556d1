// In-place writes: gradient accumulators and state. The only ops of the tape's own that write an input.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export const addIntoOp = defineOp<{ destination: Tensor; x: Tensor }, Record<never, never>, { accumulate: boolean }>({
  name: "addInto",
  writes: ["destination"],

  infer({ destination, x }) {
    expectFloat("addInto", "destination", destination);
    expectType("addInto", "x", x, destination.dtype);
    expectShape("addInto", "x", x, destination.shape);
    return {};
  },
});

/** destination += x, or destination = x without `accumulate`. Same shape. */
export function addInto(destination: Tensor, x: Tensor, { accumulate }: { accumulate: boolean }): void {
  addIntoOp({ destination, x }, { accumulate });
}

export const fillIntoOp = defineOp<{ destination: Tensor }, Record<never, never>, { value: number }>({
  name: "fillInto",
  writes: ["destination"],
  infer: () => ({}),
});

/** destination = value, everywhere. */
export function fillInto(destination: Tensor, value: number): void {
  fillIntoOp({ destination }, { value });
}
