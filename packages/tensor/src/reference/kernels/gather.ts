// Gathering and scattering by index, and the k largest.

import { AttuneError } from "@attune/core";
import type { Kernel } from "../../backend.ts";
import type { TypedArray } from "../../dtype.ts";
import { gatherLastOp, gatherOp } from "../../ops/gather.ts";
import { scatterAddOp, scatterLastOp } from "../../ops/scatter.ts";
import { topkOp } from "../../ops/topk.ts";
import { sizeOf } from "../../shape.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const gatherKernels: Readonly<Record<string, Kernel>> = {
  gather: kernelOf(gatherOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(inputs.index);
    const [rows, ...rest] = inputs.x.shape;
    const width = sizeOf(rest);
    for (let m = 0; m < index.length; m++) {
      const start = checked("gather", index[m], rows) * width;
      y.set(x.subarray(start, start + width), m * width);
    }
  }),

  scatterAdd: kernelOf(scatterAddOp, (inputs, outputs, { rows }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(inputs.index);
    const width = sizeOf(inputs.x.shape.slice(1));
    const sums = new Float64Array(y.length);
    for (let m = 0; m < index.length; m++) {
      const start = checked("scatterAdd", index[m], rows) * width;
      for (let i = 0; i < width; i++) sums[start + i] += x[m * width + i];
    }
    y.set(sums);
  }),

  gatherLast: kernelOf(gatherLastOp, (inputs, outputs) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(inputs.index);
    const width = inputs.x.shape.at(-1)!;
    const count = inputs.index.shape.at(-1)!;
    for (let i = 0; i < y.length; i++) y[i] = x[Math.floor(i / count) * width + checked("gatherLast", index[i], width)];
  }),

  scatterLast: kernelOf(scatterLastOp, (inputs, outputs, { width }) => {
    const x = valuesOf(inputs.x);
    const y = valuesOf(outputs.y);
    const index = valuesOf(inputs.index);
    const count = inputs.x.shape.at(-1)!;
    const sums = new Float64Array(y.length);
    for (let i = 0; i < x.length; i++) sums[Math.floor(i / count) * width + checked("scatterLast", index[i], width)] += x[i];
    y.set(sums);
  }),

  topk: kernelOf(topkOp, (inputs, outputs, { k }) => {
    const x = valuesOf(inputs.x);
    const width = inputs.x.shape.at(-1)!;
    const values = valuesOf(outputs.values);
    const index = valuesOf(outputs.index);
    for (let row = 0; row * width < x.length; row++) {
      const order = descendingOrder(x.subarray(row * width, (row + 1) * width));
      for (let n = 0; n < k; n++) {
        values[row * k + n] = x[row * width + order[n]];
        index[row * k + n] = order[n];
      }
    }
  }),
};

/** The index; E_INDEX unless it is from 0 to below `limit`. */
function checked(op: string, index: number, limit: number): number {
  if (index >= 0 && index < limit) return index;
  throw new AttuneError({ code: "E_INDEX", place: `${op} index`, expected: `0 to ${limit - 1}`, got: String(index) });
}

/** Positions from large to small, NaN first, ties by position. */
function descendingOrder(row: TypedArray): number[] {
  const rank = (value: number): number => (Number.isNaN(value) ? 1 : 0);
  return Array.from(row.keys()).sort((i, j) => {
    const [a, b] = [row[i], row[j]];
    if (rank(a) || rank(b)) return rank(b) - rank(a) || i - j;
    return a === b ? i - j : b > a ? 1 : -1;
  });
}
