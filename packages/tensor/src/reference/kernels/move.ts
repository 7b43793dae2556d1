// Elements in other places: slices, padding, concatenation, transposition, repetition.

import type { Kernel } from "../../backend.ts";
import { broadcastToOp } from "../../ops/broadcast-to.ts";
import { concatOp } from "../../ops/concat.ts";
import { padOp, sliceOp } from "../../ops/slice.ts";
import { transposeOp } from "../../ops/transpose.ts";
import { sizeOf } from "../../shape.ts";
import type { Shape } from "../../shape.ts";
import { walkRows } from "../broadcast.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

/** How many blocks an array has before `axis`, and how long each is from there on. */
function blocksAt(shape: Shape, axis: number): { count: number; length: number } {
  return { count: sizeOf(shape.slice(0, axis)), length: sizeOf(shape.slice(axis)) };
}

export const moveKernels: Readonly<Record<string, Kernel>> = {
  slice: kernelOf(sliceOp, (inputs, outputs, { axis, start }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const from = blocksAt(inputs.x.shape, axis);
    const to = blocksAt(outputs.y.shape, axis);
    const skipped = start * sizeOf(inputs.x.shape.slice(axis + 1));
    for (let o = 0; o < to.count; o++) {
      const at = o * from.length + skipped;
      y.set(x.subarray(at, at + to.length), o * to.length);
    }
  }),

  pad: kernelOf(padOp, (inputs, outputs, { axis, before }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const from = blocksAt(inputs.x.shape, axis);
    const to = blocksAt(outputs.y.shape, axis);
    const margin = before * sizeOf(inputs.x.shape.slice(axis + 1));
    y.fill(0);
    for (let o = 0; o < from.count; o++) y.set(x.subarray(o * from.length, (o + 1) * from.length), o * to.length + margin);
  }),

  concat: kernelOf(concatOp, ({ xs }, outputs, { axis }) => {
    const y = valuesOf(outputs.y);
    const to = blocksAt(outputs.y.shape, axis);
    let start = 0;
    for (const part of xs) {
      const x = valuesOf(part);
      const { length } = blocksAt(part.shape, axis);
      for (let o = 0; o < to.count; o++) y.set(x.subarray(o * length, (o + 1) * length), o * to.length + start);
      start += length;
    }
  }),

  transpose: kernelOf(transposeOp, (inputs, outputs, { permutation }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const lengths = outputs.y.shape;
    const strides = permutation.map((axis) => sizeOf(inputs.x.shape.slice(axis + 1)));
    const counter = lengths.map(() => 0);
    for (let i = 0, at = 0; i < y.length; i++) {
      y[i] = x[at];
      for (let axis = lengths.length - 1; axis >= 0; axis--) {
        at += strides[axis];
        if (++counter[axis] < lengths[axis]) break;
        at -= strides[axis] * lengths[axis];
        counter[axis] = 0;
      }
    }
  }),

  broadcastTo: kernelOf(broadcastToOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    walkRows(outputs.y.shape, [inputs.x.shape], (length, out, [at], [step]) => {
      for (let i = 0; i < length; i++) y[out + i] = x[at + i * step];
    });
  }),
};
