// The reference backend's memory: one ArrayBuffer per slot, seen as typed arrays.

import type { Slot } from "../backend.ts";
import { fromBfloat16 } from "../bfloat16.ts";
import { arrayOver, bytesPerElement } from "../dtype.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

export interface BufferSlot extends Slot {
  readonly buffer: ArrayBuffer;
}

/** A tensor's elements, live; those of bf16 as a widened copy. */
export function valuesOf(tensor: Tensor): TypedArray {
  return tensor.dtype === "bf16" ? fromBfloat16(bitsOf(tensor) as Uint16Array) : bitsOf(tensor);
}

/** A tensor's elements, live; of bf16 and f16 the 16-bit patterns. */
export function bitsOf(tensor: Tensor): TypedArray {
  const { buffer } = tensor.storage.slot as BufferSlot;
  return arrayOver(tensor.dtype, buffer, tensor.offset * bytesPerElement[tensor.dtype], tensor.size);
}
