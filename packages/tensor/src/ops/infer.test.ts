import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../test/engine.ts";
import type { Engine } from "../engine.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, greater } from "./binary.ts";
import { broadcastTo } from "./broadcast-to.ts";
import { concat } from "./concat.ts";
import { softmaxCrossEntropy } from "./cross-entropy.ts";
import { dropout } from "./dropout.ts";
import { fill } from "./fill.ts";
import { gather, gatherLast } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { max, mean, min, sum, variance } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { segmentSum } from "./segment-sum.ts";
import { pad, slice } from "./slice.ts";
import { logsumexp, softmax } from "./softmax.ts";
import { sort, topk } from "./topk.ts";
import { transpose } from "./transpose.ts";
import { exp } from "./unary.ts";
import { where, whereMasked } from "./where.ts";

type Make = (shape: Shape, dtype?: "i32" | "u8") => Tensor;

function inScope<T>(fn: (make: Make, engine: Engine) => T): T {
  const engine = referenceEngine();
  return engine.scope(() => fn((shape, dtype) => fill(engine, shape, 0, dtype), engine));
}

const refusals: readonly (readonly [(x: Make) => unknown, string])[] = [
  [(x) => add(x([2, 3]), x([2])), "E_SHAPE add expected operands that broadcast, got [2 3] and [2]"],
  [(x) => add(x([2]), x([2], "i32")), "E_DTYPE add b expected f64, got i32"],
  [(x) => exp(x([2], "u8")), "E_DTYPE exp x expected f32 or f64 or bf16 or f16, got u8"],
  [(x) => sum(x([2, 3]), { axis: 2 }), "E_SHAPE sum expected an axis of [2 3], got 2"],
  [(x) => max(x([2, 0]), { axis: 1 }), "E_SHAPE max expected x with at least one element along the axis, got [2 0]"],
  [(x) => reshape(x([2, 3]), [4]), "E_SHAPE reshape expected 6 elements, as x [2 3] has, got [4]"],
  [(x) => slice(x([2, 3]), { axis: -1, start: 2, end: 4 }), "E_SHAPE slice expected a range of axis 1 of x [2 3], got 2…4"],
  [(x) => slice(x([2, 3]), { axis: 0, start: 0.5, end: 1.5 }), "E_SHAPE slice expected a range of axis 0 of x [2 3], got 0.5…1.5"],
  [(x) => pad(x([2, 3]), { axis: 1, before: 0.5 }), "E_SHAPE pad expected an axis and lengths from 0, got axis 1, 0.5, 0"],
  [(x) => reshape(x([2, 3]), [-2, -3]), "E_SHAPE reshape expected 6 elements, as x [2 3] has, got [-2 -3]"],
  [(x) => reshape(x([2, 3]), [1.5, 4]), "E_SHAPE reshape expected 6 elements, as x [2 3] has, got [1.5 4]"],
  [() => concat([], { axis: 0 }), "E_NO_TENSOR concat was called without a tensor"],
  [(x) => concat([x([2, 3]), x([2, 4])], { axis: 0 }), "E_SHAPE concat expected xs[1] [N 3], got [2 4]"],
  [(x) => transpose(x([2, 3]), [0, 0]), "E_SHAPE transpose expected each axis of x [2 3] once, got [0 0]"],
  [(x) => broadcastTo(x([2, 3]), [3]), "E_SHAPE broadcastTo expected a shape that x [2 3] broadcasts to, got [3]"],
  [(x) => transpose(x(Array<number>(9).fill(1))), "E_SHAPE transpose expected at most 8 axes, got [1 1 1 1 1 1 1 1 1]"],
  [(x) => gather(x([2, 3]), x([2])), "E_DTYPE gather index expected i32, got f64"],
  [(x) => gatherLast(x([2, 3]), x([3, 1], "i32")), "E_SHAPE gatherLast expected index [2 K], got [3 1]"],
  [(x) => topk(x([2, 3]), 4), "E_SHAPE topk expected k from 0 to 3, got 4"],
  [(x) => softmax(x([])), "E_SHAPE softmax expected an axis of [], got -1"],
  [(x) => softmaxCrossEntropy(x([2, 3]), x([3], "i32")), "E_SHAPE crossEntropy expected targets [2], got [3]"],
  [(x) => matmul(x([2, 3]), x([2, 3])), "E_SHAPE matmul expected b with 3 rows, got [2 3] for a [2 3]"],
  [(x) => matmul(x([3]), x([3, 2])), "E_SHAPE matmul expected a with at least two axes, got [3]"],
  [
    (x) => matmul(x([2, 1, 3]), x([4, 3, 2])),
    "E_SHAPE matmul expected equal leading axes, or one operand with two axes, got [2 1 3] and [4 3 2]",
  ],
  [(x) => where(x([2]), x([2]), x([2])), "E_DTYPE where condition expected u8, got f64"],
  [(x) => whereMasked(x([2]), x([2, 2], "u8"), 0), "E_SHAPE maskFill expected a mask that broadcasts to x [2], got [2 2]"],
  [(x) => segmentSum(x([2, 3]), x([0], "i32")), "E_SHAPE segmentSum expected offsets [1], got [0]"],
  [(x) => dropout(x([2]), { p: 1, seed: 0, step: 0, site: 0, row: 0 }), "E_ATTRIBUTE dropout random.p expected 0 ≤ p < 1, got 1"],
];

describe("what ops refuse", () => {
  it("bf16 beside f32, with the way out", () => {
    const mixed = (): Tensor => inScope((_, engine) => add(fill(engine, [2], 1, "bf16"), fill(engine, [2], 1, "f32")));
    expect(mixed).toThrow("E_DTYPE add b expected bf16, got f32. Hint: bf16 and f32 do not mix: widened(tensor) makes f32 of bf16");
  });

  it.each(refusals)("%s", (call, sentence) => expect(() => inScope(call)).toThrow(sentence));

  it("an index outside of the tensor is E_INDEX", () => {
    const outside = (): Tensor => inScope((x, engine) => gather(x([2, 3]), engine.from([0, 2], [2], "i32")));
    expect(outside).toThrow("E_INDEX gather index expected 0 to 1, got 2");
    const target = (): Tensor => inScope((x, engine) => softmaxCrossEntropy(x([1, 3]), engine.from([-1], [1], "i32")));
    expect(target).toThrow(expect.objectContaining({ code: "E_INDEX" }));
  });
});

describe("shapes of results", () => {
  const shapes: readonly (readonly [string, (x: Make) => Tensor, Shape])[] = [
    ["reductions lose their axis", (x) => sum(x([2, 3, 4]), { axis: -2 }), [2, 4]],
    ["or keep it", (x) => mean(x([2, 3]), { axis: 0, keep: true }), [1, 3]],
    ["or all", (x) => variance(x([2, 3])), []],
    ["extremes of everything", (x) => min(x([2, 3]), { keep: true }), [1, 1]],
    ["logsumexp over the first axis", (x) => logsumexp(x([2, 3, 4]), { axis: 0 }), [3, 4]],
    ["sort keeps the shape", (x) => sort(x([2, 3])).index, [2, 3]],
    ["transpose swaps the last two", (x) => transpose(x([2, 3, 4])), [2, 4, 3]],
    ["comparisons broadcast", (x) => greater(x([2, 1]), x([3])), [2, 3]],
    ["matmul of a stack and a matrix", (x) => matmul(x([5, 2, 3]), x([4, 3]), { transB: true }), [5, 2, 4]],
  ];
  it.each(shapes)("%s", (_, call, shape) => expect(inScope(call).shape).toEqual(shape));
});
