// Encoders of what moves elements: copies between shapes, gathers and scatters. A strided copy serves slices, pads, transposes and concatenations.

import {
  addIntoOp,
  broadcastToOp,
  concatOp,
  fillIntoOp,
  fillOp,
  gatherLastOp,
  gatherOp,
  padOp,
  scatterAddOp,
  scatterLastOp,
  sliceOp,
  topkOp,
  transposeOp,
} from "@attune/tensor";
import { bytesPerElement } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import type { CommandWriter } from "../command-writer.ts";
import { broadcastStrides, encoder, rowsAndWidth, stridesOf } from "./encode.ts";
import type { KernelEntry, KernelFamily } from "./encode.ts";

interface Copy {
  readonly dims: readonly number[];
  readonly xStrides: readonly number[];
  readonly yStrides: readonly number[];
  /** Elements to skip at the start of each. */
  readonly xOffset?: number;
  readonly yOffset?: number;
  readonly label: string;
}

/** y[…] = x[…] over `dims`, with element strides on both sides. */
function strided(writer: CommandWriter, x: Tensor, y: Tensor, { dims, xStrides, yStrides, xOffset = 0, yOffset = 0, label }: Copy): void {
  const width = bytesPerElement[x.dtype];
  writer.begin("copy", label).tensor(x, xOffset).tensor(y, yOffset).real(width).list(dims).list(xStrides).list(yStrides).end();
}

function filled(writer: CommandWriter, y: Tensor, value: number, label: string): void {
  writer.begin("fill", label).tensor(y).real(y.size).named("dtype", y.dtype).real(value).end();
}

const sizeFrom = ({ shape }: Tensor, axis: number): number => shape.slice(axis).reduce((size, length) => size * length, 1);

export const movementKernels: KernelFamily = (writer): KernelEntry => ({
  ...encoder(fillOp, ({ outputs: { y }, attributes: { value }, label }) => filled(writer, y, value, label), {
    declines: ({ attributes: { dtype } }) => dtype === "f64" || dtype === "f16",
    bf16: true,
  }),
  ...encoder(fillIntoOp, ({ inputs: { destination }, attributes: { value }, label }) => filled(writer, destination, value, label)),
  ...encoder(
    addIntoOp,
    ({ inputs: { destination, x }, attributes: { accumulate }, label }) =>
      writer.begin("addInto", label).tensors(x, destination).real(x.size, accumulate).types(x).end(),
    { bf16: true },
  ),
  ...encoder(
    sliceOp,
    ({ inputs: { x }, outputs: { y }, attributes: { axis, start }, label }) => {
      const xStrides = stridesOf(x.shape);
      strided(writer, x, y, { dims: y.shape, xStrides, yStrides: stridesOf(y.shape), xOffset: start * xStrides[axis], label });
    },
    { bf16: true },
  ),
  ...encoder(
    padOp,
    ({ inputs: { x }, outputs: { y }, attributes: { axis, before }, label }) => {
      const yStrides = stridesOf(y.shape);
      filled(writer, y, 0, label);
      strided(writer, x, y, { dims: x.shape, xStrides: stridesOf(x.shape), yStrides, yOffset: before * yStrides[axis], label });
    },
    { bf16: true },
  ),
  ...encoder(
    concatOp,
    ({ inputs: { xs }, outputs: { y }, attributes: { axis }, label }) => {
      const yStrides = stridesOf(y.shape);
      let at = 0;
      for (const x of xs) {
        strided(writer, x, y, { dims: x.shape, xStrides: stridesOf(x.shape), yStrides, yOffset: at * yStrides[axis], label });
        at += x.shape[axis];
      }
    },
    { bf16: true },
  ),
  ...encoder(
    transposeOp,
    ({ inputs: { x }, outputs: { y }, attributes: { permutation }, label }) => {
      const own = stridesOf(x.shape);
      strided(writer, x, y, { dims: y.shape, xStrides: permutation.map((axis) => own[axis]), yStrides: stridesOf(y.shape), label });
    },
    { bf16: true },
  ),
  ...encoder(
    broadcastToOp,
    ({ inputs: { x }, outputs: { y }, label }) =>
      strided(writer, x, y, { dims: y.shape, xStrides: broadcastStrides(x.shape, y.shape), yStrides: stridesOf(y.shape), label }),
    { bf16: true },
  ),
  ...encoder(
    gatherOp,
    ({ inputs: { x, index }, outputs: { y }, label }) =>
      writer
        .begin("gather", label)
        .tensors(x, index, y)
        .real(index.size, x.shape[0], sizeFrom(x, 1) * bytesPerElement[x.dtype])
        .end(),
    { bf16: true },
  ),
  ...encoder(scatterAddOp, ({ inputs: { x, index }, outputs: { y }, attributes: { rows }, label }) =>
    writer.begin("scatterAdd", label).tensors(x, index, y).real(index.size, rows, sizeFrom(x, 1), false).end(),
  ),
  ...encoder(
    gatherLastOp,
    ({ inputs: { x, index }, outputs: { y }, label }) =>
      writer
        .begin("gatherLast", label)
        .tensors(x, index, y)
        .real(...rowsAndWidth(x), rowsAndWidth(index)[1], bytesPerElement[x.dtype])
        .end(),
    { bf16: true },
  ),
  ...encoder(scatterLastOp, ({ inputs: { x, index }, outputs: { y }, attributes: { width }, label }) =>
    writer
      .begin("scatterLast", label)
      .tensors(x, index, y)
      .real(...rowsAndWidth(x), width)
      .end(),
  ),
  ...encoder(topkOp, ({ inputs: { x }, outputs: { values, index }, attributes: { k }, label }) =>
    writer
      .begin("topk", label)
      .tensors(x, values, index)
      .real(...rowsAndWidth(x), k)
      .end(),
  ),
});
