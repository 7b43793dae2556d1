// Element types. Computation is f32 (f64 in the reference backend); bf16 and f16 are storage; i32 are ids and indices; u8 are masks.

import { AttuneError } from "@attune/core";

export type DType = "f64" | "f32" | "bf16" | "f16" | "i32" | "u8";

/** The types that carry gradients. */
export type FloatType = "f64" | "f32" | "bf16" | "f16";

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = { f64: 8, f32: 4, bf16: 2, f16: 2, i32: 4, u8: 1 };

export type TypedArray = Float64Array | Float32Array | Uint16Array | Int32Array | Uint8Array;

/** A typed array over a buffer; bf16 and f16 are seen as their 16-bit patterns. */
export function arrayOver(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  switch (dtype) {
    case "f64":
      return new Float64Array(buffer, byteOffset, length);
    case "f32":
      return new Float32Array(buffer, byteOffset, length);
    case "bf16":
    case "f16":
      return new Uint16Array(buffer, byteOffset, length);
    case "i32":
      return new Int32Array(buffer, byteOffset, length);
    case "u8":
      return new Uint8Array(buffer, byteOffset, length);
    default:
      throw new AttuneError({ code: "E_DTYPE", problem: "unknown element type", got: String(dtype satisfies never) });
  }
}

/** True for the types that carry gradients. */
export function isFloat(dtype: DType): dtype is FloatType {
  return dtype === "f64" || dtype === "f32" || dtype === "bf16" || dtype === "f16";
}
