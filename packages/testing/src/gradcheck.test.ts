import { add, defineOp, mul, scale, softmax, square } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect, test } from "vitest";
import { gradcheck } from "./gradcheck.ts";

const x = { shape: [2, 3], data: [0.5, -1, 2, 0.25, 1.5, -0.75] };

/** An op whose gradient is `factor` times the right one. */
const squareWith = (factor: number) => {
  const op = defineOp<{ x: Tensor }, { y: Tensor }, object>({
    name: "squareWith",
    saves: { inputs: ["x"] },
    infer: ({ x }) => ({ y: { shape: x.shape, dtype: x.dtype } }),
    vjp: ({ x }, { dy }) => ({ x: scale(mul(dy!, x!), 2 * factor) }),
    decompose: ({ x }) => ({ y: square(x) }),
  });
  return (one: Tensor): Tensor => op({ x: one }, {}).y;
};

test("a right gradient passes, one that is off by a millionth does not", () => {
  gradcheck(({ x }) => squareWith(1)(x), { x });
  expect(() => gradcheck(({ x }) => squareWith(1 + 1e-6)(x), { x })).toThrow(/gradcheck: dx\[\d\] is .* by backward and .* by differences/);
});

test("a missing gradient is found", () => {
  const constant = (one: Tensor, tensor: Tensor): Tensor =>
    add(
      one,
      tensor.engine.noGradient(() => square(tensor)),
    );
  expect(() => gradcheck(({ x }) => constant(scale(x, 1), x), { x })).toThrow("gradcheck: dx");
});

test("softmax, whose gradient under a plain sum would be zero, is checked with a random cotangent", () => {
  gradcheck(({ x }) => softmax(x), { x });
  expect(() => gradcheck(({ x }) => softmax(scaledBackward(x)), { x })).toThrow("gradcheck: dx");
});

/** x, with a gradient twice as large as it should be. */
function scaledBackward(x: Tensor): Tensor {
  const op = defineOp<{ x: Tensor }, { y: Tensor }, object>({
    name: "scaledBackward",
    infer: ({ x }) => ({ y: { shape: x.shape, dtype: x.dtype } }),
    vjp: (_, { dy }) => ({ x: scale(dy!, 2) }),
    decompose: ({ x }) => ({ y: scale(x, 1) }),
  });
  return op({ x }, {}).y;
}
