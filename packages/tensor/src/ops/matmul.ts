// Products of matrices and of stacks of matrices. Transposition is an attribute: nothing is copied for it.

import { defineOp } from "../op.ts";
import { expectFloat, expectType, sameShape, shapeError, shapeText, sizeOf } from "../shape.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";
import { reshape } from "./reshape.ts";

interface Attributes {
  /** The stored matrix is [K M]. */
  transA: boolean;
  /** The stored matrix is [N K]. */
  transB: boolean;
  alpha: number;
}

export const matmulOp = defineOp<{ a: Tensor; b: Tensor }, { y: Tensor }, Attributes>({
  name: "matmul",
  saves: { inputs: ["a", "b"] },

  infer({ a, b }, { transA, transB }) {
    expectFloat("matmul", "a", a);
    expectType("matmul", "b", b, a.dtype);
    for (const [name, { shape }] of Object.entries({ a, b })) {
      if (shape.length < 2) throw shapeError("matmul", `${name} with at least two axes`, shapeText(shape));
    }
    const [M, K] = matrixOf(a.shape, transA);
    const [depth, N] = matrixOf(b.shape, transB);
    if (K !== depth)
      throw shapeError("matmul", `b with ${K} ${transB ? "columns" : "rows"}`, `${shapeText(b.shape)} for a ${shapeText(a.shape)}`);
    return { y: { shape: [...stackOf(a.shape, b.shape), M, N], dtype: a.dtype } };
  },

  // y = α A·B with A = op(a), B = op(b):   dA = α dy·Bᵀ,   dB = α Aᵀ·dy, each transposed if the operand was stored so
  vjp({ a, b }, { dy }, { transA, transB, alpha }, sink) {
    return {
      ...(sink.needs("a") && {
        a: transA
          ? stackedProduct(b!, dy!, { transA: transB, transB: true, alpha }, a!.shape)
          : stackedProduct(dy!, b!, { transA: false, transB: !transB, alpha }, a!.shape),
      }),
      ...(sink.needs("b") && {
        b: transB
          ? stackedProduct(dy!, a!, { transA: true, transB: transA, alpha }, b!.shape)
          : stackedProduct(a!, dy!, { transA: !transA, transB: false, alpha }, b!.shape),
      }),
    };
  },
});

/**
 * alpha · op(a) · op(b). a [… M K] · b [… K N] → [… M N]; `transA` and `transB` say that the stored matrix is the transpose. Leading axes are
 * equal, or one operand is a single matrix that all share.
 */
export function matmul(a: Tensor, b: Tensor, { transA = false, transB = false, alpha = 1 }: Partial<Attributes> = {}): Tensor {
  return matmulOp({ a, b }, { transA, transB, alpha }).y;
}

/** A product summed over the stack when its result is the gradient of a shared matrix. */
function stackedProduct(a: Tensor, b: Tensor, attributes: Attributes, shape: Shape): Tensor {
  const shared = shape.length === 2 && a.shape.length > 2 && sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (shared && attributes.transA && !attributes.transB) {
    return matmul(asRows(a), asRows(b), attributes); // Σ over the stack of Aᵀ·B = one product over all rows
  }
  return sumTo(matmul(a, b, attributes), shape);
}

/** [… M K] as one tall matrix. */
function asRows(x: Tensor): Tensor {
  const width = x.shape.at(-1)!;
  return reshape(x, [sizeOf(x.shape.slice(0, -1)), width]);
}

/** Rows and columns of the last two axes, as they enter the product. */
function matrixOf(shape: Shape, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** The leading axes of the result. */
function stackOf(a: Shape, b: Shape): Shape {
  const left = a.slice(0, -2);
  const right = b.slice(0, -2);
  if (right.length === 0 || sameShape(left, right)) return left;
  if (left.length === 0) return right;
  throw shapeError("matmul", "equal leading axes, or one operand with two axes", `${shapeText(a)} and ${shapeText(b)}`);
}
