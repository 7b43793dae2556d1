// Element types. f32 is what sums, statistics and parameters are (f64 in gradient checks); bf16 is what matrix products read and activations
// are kept in, if asked for; f16 is storage; i32 are ids and indices; u8 are masks.

import { AttuneError } from "@attune/core";
import { toBfloat16 } from "./bfloat16.ts";

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

/** The type of an array of host values; undefined for plain numbers and for 16-bit patterns, which do not tell. */
export function typeOf(values: TypedArray | readonly number[]): DType | undefined {
  if (values instanceof Float64Array) return "f64";
  if (values instanceof Float32Array) return "f32";
  if (values instanceof Int32Array) return "i32";
  return values instanceof Uint8Array ? "u8" : undefined;
}

/** Host values as an array of a type: themselves where they are one, else converted. A Uint16Array holds patterns of bf16 or f16: E_DTYPE for other floats. */
export function hostValues(values: TypedArray | readonly number[], dtype: DType): TypedArray {
  const patterns = values instanceof Uint16Array;
  if (dtype === "bf16") return patterns ? values : toBfloat16(values);
  if (dtype === "f16" ? !patterns : patterns && isFloat(dtype))
    throw new AttuneError({
      code: "E_DTYPE",
      place: "values",
      expected: patterns ? "bf16 or f16 as the type of 16-bit patterns" : "16-bit patterns (a Uint16Array) for f16",
      got: patterns ? dtype : "numbers",
    });
  const empty = arrayOver(dtype, new ArrayBuffer(0), 0, 0);
  if (values instanceof (empty.constructor as new () => TypedArray)) return values;
  const converted = arrayOver(dtype, new ArrayBuffer(values.length * bytesPerElement[dtype]), 0, values.length);
  converted.set(values);
  return converted;
}
