// Joining tensors along one axis.

import { defineOp } from "../op.ts";
import { expectAxes, expectShape, expectType, resolveAxis, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { slice } from "./slice.ts";

export const concatOp = defineOp<{ xs: readonly Tensor[] }, { y: Tensor }, { axis: number }>({
  name: "concat",

  infer({ xs }, { axis }) {
    if (xs.length === 0) throw shapeError("concat", "at least one tensor", "none");
    const [first] = xs;
    expectAxes("concat", first.shape);
    resolveAxis("concat", first.shape, axis);
    if (axis < 0) throw shapeError("concat", "an axis counted from the front", String(axis));
    xs.forEach((x, i) => {
      expectShape(
        "concat",
        `xs[${i}]`,
        x,
        first.shape.map((length, at) => (at === axis ? "N" : length)),
      );
      expectType("concat", `xs[${i}]`, x, first.dtype);
    });
    const length = xs.reduce((total, x) => total + x.shape[axis], 0);
    return { y: { shape: first.shape.with(axis, length), dtype: first.dtype } };
  },

  // dx_i = the slice of dy that x_i became
  vjp(_, { dy }, { axis }, sink) {
    let end = 0;
    const parts = Array.from({ length: sink.count("xs") }, (_, i) => {
      const start = end;
      end += sink.spec("xs", i).shape[axis];
      return sink.needs("xs", i) ? slice(dy!, { axis, start, end }) : undefined;
    });
    return { xs: parts };
  },
});

/** Tensors of one shape, except along `axis`, joined there in order. */
export function concat(xs: readonly Tensor[], { axis }: { axis: number }): Tensor {
  return concatOp({ xs }, { axis: xs.length === 0 ? axis : resolveAxis("concat", xs[0].shape, axis) }).y;
}
