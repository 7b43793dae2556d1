// Walks operands of different shapes in step. Axes that every operand treats alike are merged first, so that most calls are one or two loops.

import type { Shape } from "../shape.ts";

/** A stretch of `length` elements: where it starts in the result and in each operand, and each operand's step, 0 or 1. */
type Row = (length: number, out: number, starts: readonly number[], steps: readonly number[]) => void;

/** Calls `row` for every innermost stretch of `shape`; each operand's shape must broadcast to it. */
export function walkRows(shape: Shape, operands: readonly Shape[], row: Row): void {
  const { lengths, strides } = mergedAxes(shape, operands);
  const inner = lengths.length - 1;
  const steps = strides.map((one) => one[inner]);
  const outer = lengths.slice(0, inner).reduce((size, length) => size * length, 1);
  if (lengths[inner] === 0) return;
  const starts = operands.map(() => 0);
  const counter = lengths.map(() => 0);
  for (let r = 0; r < outer; r++) {
    row(lengths[inner], r * lengths[inner], starts, steps);
    for (let axis = inner - 1; axis >= 0; axis--) {
      counter[axis]++;
      strides.forEach((one, i) => (starts[i] += one[axis]));
      if (counter[axis] < lengths[axis]) break;
      strides.forEach((one, i) => (starts[i] -= one[axis] * lengths[axis]));
      counter[axis] = 0;
    }
  }
}

/** Lengths of the merged axes and each operand's strides, 0 where it repeats; at least one axis. */
function mergedAxes(shape: Shape, operands: readonly Shape[]): { lengths: number[]; strides: number[][] } {
  const repeats = operands.map((operand) =>
    shape.map((length, axis) => length !== 1 && (operand[axis - shape.length + operand.length] ?? 1) === 1),
  );
  const lengths: number[] = [];
  const patterns: boolean[][] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const pattern = repeats.map((one) => one[axis]);
    const last = patterns.at(-1);
    if (last && last.every((repeat, i) => repeat === pattern[i])) lengths[lengths.length - 1] *= length;
    else {
      lengths.push(length);
      patterns.push(pattern);
    }
  });
  if (lengths.length === 0) return { lengths: [1], strides: operands.map(() => [0]) };
  return {
    lengths,
    strides: operands.map((_, i) =>
      stridesOf(
        lengths,
        patterns.map((pattern) => pattern[i]),
      ),
    ),
  };
}

function stridesOf(lengths: readonly number[], repeats: readonly boolean[]): number[] {
  const strides = lengths.map(() => 0);
  let stride = 1;
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    if (repeats[axis]) continue;
    strides[axis] = stride;
    stride *= lengths[axis];
  }
  return strides;
}
