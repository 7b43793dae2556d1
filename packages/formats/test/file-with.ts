// safetensors files by hand, right and wrong ones.

/** A file with this header text and so many bytes of data. */
export function fileWith(header: string | object, data: Uint8Array | number = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + json.length + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(bytes, 8 + json.length);
  return file;
}

/** An entry of a header. */
export const tensor = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

/** A vector of f32 at these bytes. */
export const f32 = (begin: number, end: number) => tensor("F32", [(end - begin) / 4], [begin, end]);
