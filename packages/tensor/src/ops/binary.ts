// Arithmetic and comparisons of two tensors with NumPy's broadcasting. Gradients are summed back to each operand's shape.

import { defineOp } from "../op.ts";
import type { Op } from "../op.ts";
import { broadcastShapes, expectFloat, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { sumTo } from "./reduce.ts";
import { neg, reciprocal, scale } from "./unary.ts";

type Operands = { a: Tensor; b: Tensor };
type BinaryOp = Op<Operands, { y: Tensor }, object>;

interface BinaryDefinition {
  readonly saves?: boolean;
  /** The cotangents of a and b, before they are summed to their shapes; only those asked for are computed. */
  readonly gradients: { a(dy: Tensor, saved: Operands): Tensor; b(dy: Tensor, saved: Operands): Tensor };
  decompose?(a: Tensor, b: Tensor): Tensor;
}

function defineBinary(name: string, { saves = false, gradients, decompose }: BinaryDefinition): BinaryOp {
  return defineOp<Operands, { y: Tensor }, object>({
    name,
    ...(saves && { saves: { inputs: ["a", "b"] as const } }),
    infer: (inputs) => ({ y: { shape: inferShape(name, inputs), dtype: inputs.a.dtype } }),
    vjp: (saved, { dy }, _, sink) => ({
      ...(sink.needs("a") && { a: sumTo(gradients.a(dy!, saved as Operands), sink.spec("a").shape) }),
      ...(sink.needs("b") && { b: sumTo(gradients.b(dy!, saved as Operands), sink.spec("b").shape) }),
    }),
    ...(decompose && { decompose: ({ a, b }) => ({ y: decompose(a, b) }) }),
  });
}

/** 1 where it holds, else 0, as u8; without a gradient. */
function defineComparison(name: string, decompose?: (a: Tensor, b: Tensor) => Tensor): BinaryOp {
  return defineOp<Operands, { y: Tensor }, object>({
    name,
    infer: (inputs) => ({ y: { shape: inferShape(name, inputs), dtype: "u8" } }),
    ...(decompose && { decompose: ({ a, b }) => ({ y: decompose(a, b) }) }),
  });
}

function inferShape(name: string, { a, b }: Operands) {
  expectFloat(name, "a", a);
  expectType(name, "b", b, a.dtype);
  return broadcastShapes(name, a.shape, b.shape);
}

// da = dy, db = dy
export const addOp = defineBinary("add", { gradients: { a: (dy) => dy, b: (dy) => dy } });

// da = dy, db = −dy
export const subOp = defineBinary("sub", { gradients: { a: (dy) => dy, b: (dy) => neg(dy) }, decompose: (a, b) => add(a, neg(b)) });

// da = dy · b, db = dy · a
export const mulOp = defineBinary("mul", { saves: true, gradients: { a: (dy, { b }) => mul(dy, b), b: (dy, { a }) => mul(dy, a) } });

// da = dy / b, db = −dy · (a / b) / b: b² leaves the range of floats long before
export const divOp = defineBinary("div", {
  saves: true,
  gradients: { a: (dy, { b }) => div(dy, b), b: (dy, { a, b }) => neg(mul(dy, div(div(a, b), b))) },
  decompose: (a, b) => mul(a, reciprocal(b)),
});

// da = dy · [a > b], db = dy · [b > a]; a tie gives half to each, as in PyTorch
export const maximumOp = defineBinary("maximum", {
  saves: true,
  gradients: { a: (dy, { a, b }) => mul(dy, share(a, b)), b: (dy, { a, b }) => mul(dy, share(b, a)) },
});

// da = dy · [a < b], db = dy · [b < a]; a tie gives half to each
export const minimumOp = defineBinary("minimum", {
  saves: true,
  gradients: { a: (dy, { a, b }) => mul(dy, share(b, a)), b: (dy, { a, b }) => mul(dy, share(a, b)) },
  decompose: (a, b) => neg(maximum(neg(a), neg(b))),
});

export const greaterOp = defineComparison("greater");
export const lessOp = defineComparison("less", (a, b) => greater(b, a));
export const equalOp = defineComparison("equal");

/** a + b. */
export function add(a: Tensor, b: Tensor): Tensor {
  return addOp({ a, b }, {}).y;
}

/** a − b. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return subOp({ a, b }, {}).y;
}

/** a · b, element by element. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return mulOp({ a, b }, {}).y;
}

/** a / b. */
export function div(a: Tensor, b: Tensor): Tensor {
  return divOp({ a, b }, {}).y;
}

/** The larger of each pair; NaN if either is. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return maximumOp({ a, b }, {}).y;
}

/** The smaller of each pair; NaN if either is. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return minimumOp({ a, b }, {}).y;
}

/** a > b as a u8 mask; false for NaN. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return greaterOp({ a, b }, {}).y;
}

/** a < b as a u8 mask; false for NaN. */
export function less(a: Tensor, b: Tensor): Tensor {
  return lessOp({ a, b }, {}).y;
}

/** a = b as a u8 mask; false for NaN. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return equalOp({ a, b }, {}).y;
}

/** 1 where a > b, ½ where they are equal. */
function share(a: Tensor, b: Tensor): Tensor {
  return add(cast(greater(a, b), a.dtype), scale(cast(equal(a, b), a.dtype), 0.5));
}
