// Tensors that are views: transposed, sliced, reordered. Knows where their elements lie in their storage, and refuses views in which
// two indices share an element (expanded ones), since a small file could then ask for any amount of memory.

import type { TensorData } from "./dtype.ts";

/** Elements from the first to the last one of a view that holds at least one. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((span, size, axis) => span + (size - 1) * strides[axis], 1);
}

/** Whether elements lie row-major without gaps; axes of one index may have any stride. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape);
  return shape.includes(0) || shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}

/** Whether no two indices mean one element, as far as steps tell: each step is longer than all shorter steps reach together. */
export function isWithoutOverlap(shape: readonly number[], strides: readonly number[]): boolean {
  let reach = 0;
  for (const { size, step } of axesOf(shape, strides).toReversed()) {
    if (step <= reach) return false;
    reach += (size - 1) * step;
  }
  return true;
}

/** Walks the elements of a view without overlap in the order in which they lie in the file, which may be read in pieces. */
export class StorageOrder {
  readonly #axes: readonly Axis[];
  readonly #index: number[];
  #source = 0;
  #target = 0;
  #done = false;

  constructor(shape: readonly number[], strides: readonly number[]) {
    this.#axes = axesOf(shape, strides);
    this.#index = this.#axes.map(() => 0);
  }

  /** Copies what `piece`, which starts `start` elements after the first one, holds of the view to its row-major place in `out`. */
  place(piece: TensorData, start: number, out: TensorData): void {
    // One element type on both sides, bigint for 64-bit integers.
    const [from, to] = [piece as Float64Array, out as Float64Array];
    while (!this.#done && this.#source < start + piece.length) {
      to[this.#target] = from[this.#source - start];
      this.#advance();
    }
  }

  #advance(): void {
    for (let i = this.#axes.length - 1; i >= 0; i--) {
      const { size, step, place } = this.#axes[i];
      this.#source += step;
      this.#target += place;
      if (++this.#index[i] < size) return;
      this.#index[i] = 0;
      this.#source -= size * step;
      this.#target -= size * place;
    }
    this.#done = true;
  }
}

interface Axis {
  readonly size: number;
  /** In the storage. */
  readonly step: number;
  /** In the row-major result. */
  readonly place: number;
}

/** The axes of more than one index, longest step first. */
function axesOf(shape: readonly number[], strides: readonly number[]): Axis[] {
  const places = rowMajorStrides(shape);
  const axes = shape.map((size, axis) => ({ size, step: strides[axis], place: places[axis] }));
  return axes.filter(({ size }) => size > 1).sort((a, b) => b.step - a.step);
}

function rowMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .toReversed()
    .map((size) => {
      const own = stride;
      stride *= size;
      return own;
    })
    .toReversed();
}
