// Shape arithmetic and the checks that `infer` functions share. Sizes are elements; a scalar has shape [].

import { AttuneError } from "@attune/core";
import type { DType } from "./dtype.ts";

export type Shape = readonly number[];

/** What `infer` says of an output: its shape and element type. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** True for what an axis can be long: whole numbers from 0. */
export function isLength(length: number): boolean {
  return Number.isInteger(length) && length >= 0;
}

/** `[2 3]`, as labels and errors write a shape. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(" ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** E_SHAPE with the op's name. */
export function shapeError(op: string, expected: string, got: string): AttuneError {
  return new AttuneError({ code: "E_SHAPE", place: op, expected, got });
}

/** Throws E_SHAPE unless `tensor` has the shape; a letter (or -1) stands for any length. */
export function expectShape(op: string, name: string, tensor: Spec, shape: readonly (number | string)[]): void {
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((length, axis) => typeof length === "string" || length < 0 || length === tensor.shape[axis]);
  if (!fits) throw shapeError(op, `${name} [${shape.join(" ")}]`, shapeText(tensor.shape));
}

/** Throws E_DTYPE unless `tensor` has one of the types. */
export function expectType(op: string, name: string, tensor: Spec, ...types: DType[]): void {
  if (types.includes(tensor.dtype)) return;
  const meets = types.length === 1 && [types[0], tensor.dtype].sort().join() === "bf16,f32";
  throw new AttuneError({
    code: "E_DTYPE",
    place: `${op} ${name}`,
    expected: types.join(" or "),
    got: tensor.dtype,
    ...(meets && { hint: "bf16 and f32 do not mix: widened(tensor) makes f32 of bf16, and a linear layer gives f32 with `out`" }),
  });
}

/** Throws E_DTYPE unless `tensor` carries gradients: f32, f64, bf16 or f16. */
export function expectFloat(op: string, name: string, tensor: Spec): void {
  expectType(op, name, tensor, "f32", "f64", "bf16", "f16");
}

/** Axes that a tensor may have where an op walks along each of them. */
const MOST_AXES = 8;

/** E_SHAPE for more axes than kernels can walk along; ops that see a shape as rows, or not at all, take any number. */
export function expectAxes(op: string, shape: Shape): void {
  if (shape.length > MOST_AXES) throw shapeError(op, `at most ${MOST_AXES} axes`, shapeText(shape));
}

/** The common shape of two operands under NumPy's broadcasting rules; E_SHAPE when there is none, or with more axes than kernels can walk along. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  expectAxes(op, a.length < rank ? b : a);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw shapeError(op, `operands that broadcast`, `${shapeText(a)} and ${shapeText(b)}`);
    return left === 1 ? right : left;
  });
}

/** An axis counted from the front; -1 is the last. E_SHAPE when out of range. */
export function resolveAxis(op: string, shape: Shape, axis: number): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (!(Number.isInteger(resolved) && resolved >= 0 && resolved < shape.length)) {
    throw shapeError(op, `an axis of ${shapeText(shape)}`, String(axis));
  }
  return resolved;
}

/** The last axis's length (C) and the number of rows before it; the rank must be at least 1. */
export function rowsOf(op: string, shape: Shape): { rows: number; width: number } {
  if (shape.length === 0) throw shapeError(op, "at least one axis", "a scalar");
  const width = shape[shape.length - 1];
  return { rows: sizeOf(shape.slice(0, -1)), width };
}
