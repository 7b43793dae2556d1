// The reference backend's memory: one ArrayBuffer per slot, seen as typed arrays.

import type { Slot } from "../backend.ts";
import { arrayOver, bytesPerElement } from "../dtype.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

export interface BufferSlot extends Slot {
  readonly buffer: ArrayBuffer;
}

/** A tensor's elements, live. */
export function valuesOf(tensor: Tensor): TypedArray {
  const { buffer } = tensor.storage.slot as BufferSlot;
  return arrayOver(tensor.dtype, buffer, tensor.offset * bytesPerElement[tensor.dtype], tensor.size);
}
