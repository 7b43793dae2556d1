// The element types of safetensors, and the bytes of a file as typed arrays. JavaScript engines are little-endian, as the format is.

/** Elements of a tensor in the type that holds them. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface DtypeInfo {
  /** Per element. */
  readonly bytes: number;
  readonly array: new (buffer: ArrayBuffer, byteOffset: number, length: number) => TensorData;
}

/** In the order of the format's own library, which writes wider and later types first. Eight-bit floats are bytes, 16-bit floats their bits. */
const dtypes = {
  BOOL: { bytes: 1, array: Uint8Array },
  U8: { bytes: 1, array: Uint8Array },
  I8: { bytes: 1, array: Int8Array },
  F8_E5M2: { bytes: 1, array: Uint8Array },
  F8_E4M3: { bytes: 1, array: Uint8Array },
  I16: { bytes: 2, array: Int16Array },
  U16: { bytes: 2, array: Uint16Array },
  F16: { bytes: 2, array: Uint16Array },
  BF16: { bytes: 2, array: Uint16Array },
  I32: { bytes: 4, array: Int32Array },
  U32: { bytes: 4, array: Uint32Array },
  F32: { bytes: 4, array: Float32Array },
  F64: { bytes: 8, array: Float64Array },
  I64: { bytes: 8, array: BigInt64Array },
  U64: { bytes: 8, array: BigUint64Array },
} satisfies Record<string, DtypeInfo>;

/** An element type of safetensors by its name in the file. */
export type Dtype = keyof typeof dtypes;

/** In the order of the table. */
export const dtypeNames = Object.keys(dtypes) as Dtype[];

/** Whether a name in a file is a known element type. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(dtypes, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: Dtype): number {
  return dtypes[dtype].bytes;
}

/** The file's bytes as elements; copied only where they do not start on a whole element. */
export function toElements(dtype: Dtype, bytes: Uint8Array): TensorData {
  const { bytes: size, array } = dtypes[dtype];
  const aligned = bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  return new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

const floats = {
  F64: (data: TensorData, out: Float32Array) => out.set(data as Float64Array),
  F32: (data: TensorData, out: Float32Array) => out.set(data as Float32Array),
  F16: (data: TensorData, out: Float32Array) => widenHalf(data as Uint16Array, out),
  BF16: (data: TensorData, out: Float32Array) => widenBfloat(data as Uint16Array, out),
};

/** Whether elements of this type can be read as f32. */
export function isFloat(dtype: Dtype): dtype is keyof typeof floats {
  return Object.hasOwn(floats, dtype);
}

/** Converts elements to f32, rounding only from F64. */
export function toF32(dtype: keyof typeof floats, data: TensorData, out: Float32Array): void {
  floats[dtype](data, out);
}

function widenBfloat(bits: Uint16Array, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
}

/** IEEE 754 half to single: exact, infinities and NaN payloads included. */
function widenHalf(bits: Uint16Array, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i] & 0x8000) << 16;
    const exponent = (bits[i] >> 10) & 31;
    const fraction = bits[i] & 0x3ff;
    if (exponent === 31) words[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) words[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else out[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
  }
}
