// Embeddings made elsewhere: two-dimensional .npy files of f4, f2 or i1, read in ranges, never as a whole.

import { AttuneError, type Files, type OpenFile } from "@attune/core";
import { float16Values } from "@attune/search";
import { runsOf, type VectorSource } from "./vectors.ts";

const BYTES = { "<f4": 4, "<f2": 2, "|i1": 1 } as const;
type Element = keyof typeof BYTES;

interface Header {
  readonly element: Element;
  readonly rows: number;
  readonly dimension: number;
  /** Where the data begin, in bytes. */
  readonly offset: number;
}

/**
 * Vectors [N D] of a .npy file; int8 is taken as numbers. E_NO_FILE; E_NPY for other element types, other shapes, column order, or a file that
 * is shorter than its header says; E_NON_FINITE, with the row, once a vector with NaN or an infinite number is read.
 */
export async function openNpy(files: Files, path: string): Promise<VectorSource> {
  await using file = await files.open(path, "read");
  const { element, rows, dimension, offset } = await readHeader(file);
  const rowBytes = dimension * BYTES[element];
  const size = await file.size();
  if (size < offset + rows * rowBytes) throw badNpy(path, `${offset + rows * rowBytes} bytes for ${rows} x ${dimension}`, `${size}`);
  const halves = element === "<f2" ? float16Values() : new Float32Array();
  return {
    rows,
    dimension,
    async read(start, count) {
      await using open = await files.open(path, "read");
      const bytes = await open.read(offset + start * rowBytes, Math.min(count, rows - start) * rowBytes);
      return finite(decode(element, bytes, halves), (at) => ({ path, row: start + Math.floor(at / dimension) }));
    },
    async gather(wanted) {
      await using open = await files.open(path, "read");
      const vectors = new Float32Array(wanted.length * dimension);
      for (const { first, count, members } of runsOf(wanted)) {
        const bytes = await open.read(offset + first * rowBytes, count * rowBytes);
        for (const member of members) {
          const from = (wanted[member] - first) * rowBytes;
          vectors.set(decode(element, bytes.subarray(from, from + rowBytes), halves), member * dimension);
        }
      }
      return finite(vectors, (at) => ({ path, row: wanted[Math.floor(at / dimension)] }));
    },
  };
}

/** The values, or E_NON_FINITE. */
function finite(values: Float32Array, placeOf: (at: number) => { path: string; row: number }): Float32Array {
  for (let i = 0; i < values.length; i++) {
    if (values[i] - values[i] === 0) continue; // faster than Number.isFinite: these are all numbers of a corpus
    const { path, row } = placeOf(i);
    throw new AttuneError({
      code: "E_NON_FINITE",
      place: path,
      problem: `has ${values[i]} in row ${row}, counted from 0`,
      hint: "embed that text again, and leave it out if it stays so",
    });
  }
  return values;
}

function decode(element: Element, bytes: Uint8Array, halves: Float32Array): Float32Array {
  if (element === "|i1") return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  if (element === "<f4") return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  const bits = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]];
  return values;
}

/** @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
async function readHeader(file: OpenFile): Promise<Header> {
  const start = await file.read(0, 12);
  const magic = String.fromCharCode(...start.subarray(0, 6));
  if (start.length < 12 || magic !== "\x93NUMPY") throw badNpy(file.path, "a .npy file", "other bytes");
  const view = new DataView(start.buffer, start.byteOffset);
  const [lengthAt, length] = start[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (length > 1 << 16) throw badNpy(file.path, "a .npy file", "a header beyond 64 KiB");
  const literal = new TextDecoder("latin1").decode(await file.read(lengthAt, length));
  const element = /'descr':\s*'([^']*)'/.exec(literal)?.[1] ?? "a structure";
  const shape = /'shape':\s*\(([^)]*)\)/.exec(literal)?.[1].match(/\d+/g)?.map(Number) ?? [];
  if (!(element in BYTES)) throw badNpy(file.path, "elements of <f4, <f2 or |i1", element, "save it with numpy as float32 or float16");
  if (shape.length !== 2 || shape[1] === 0) throw badNpy(file.path, "the shape [rows, dimensions]", JSON.stringify(shape));
  if (/'fortran_order':\s*True/.test(literal)) {
    throw badNpy(file.path, "rows one after the other", "column order", "save it with numpy.ascontiguousarray");
  }
  return { element: element as Element, rows: shape[0], dimension: shape[1], offset: lengthAt + length };
}

function badNpy(path: string, expected: string, got: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_NPY", place: path, expected, got, hint });
}
