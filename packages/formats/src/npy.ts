// NumPy's .npy: one array, a header that is a Python literal, little-endian data. Written only; version 1.0, C order, float32.

import { AttuneError, show } from "@attune/core";
import type { Files } from "@attune/core";

/** The data begin at a multiple of this, so that they can be mapped. */
const ALIGNMENT = 64;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // "\x93NUMPY", version 1.0

/** Writes an array as `<f4`, row-major, through a temporary file. E_SHAPE when shape and data disagree, E_FILE. */
export async function writeNpy(
  files: Files,
  path: string,
  { shape, data }: { shape: readonly number[]; data: Float32Array },
): Promise<void> {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length)
    throw new AttuneError({ code: "E_SHAPE", place: path, expected: `${size} values for ${show(shape)}`, got: String(data.length) });
  const header = headerOf(shape);
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    {
      await using file = await files.open(temporary, "write");
      await file.write(0, header);
      await file.write(header.length, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      await file.sync();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
}

/** @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function headerOf(shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const unpadded = MAGIC.length + 2 + literal.length + 1;
  const padded = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(padded).fill(0x20);
  header.set(MAGIC);
  new DataView(header.buffer).setUint16(MAGIC.length, padded - MAGIC.length - 2, true);
  header.set(new TextEncoder().encode(literal), MAGIC.length + 2);
  header[padded - 1] = 0x0a;
  return header;
}
