// One file of the embedding cache: text hashes, vectors, and a checksum over both, so that a damaged file is noticed before its vectors are used.

import { float16Values, toFloat16 } from "@attune/search";
import { hashUnits } from "./text-hash.ts";

/** Numbers of a stored vector. */
export type StoredType = "f32" | "f16";

export interface Shard {
  /** `hashText` of each text. */
  readonly hashes: readonly string[];
  /** [n D] */
  readonly vectors: Float32Array;
}

export interface ShardLayout {
  readonly dimension: number;
  readonly stored: StoredType;
}

const MAGIC = "ATTNVEC1";
const HEADER = 16; // magic, rows, dimension
const HASH = 16;
const CHECKSUM = 32;

/** Bytes of one vector. */
export function vectorBytes({ dimension, stored }: ShardLayout): number {
  return dimension * (stored === "f16" ? 2 : 4);
}

/** A shard as bytes: header, hashes, vectors, SHA-256. */
export async function encodeShard({ hashes, vectors }: Shard, layout: ShardLayout): Promise<Uint8Array> {
  const bytes = new Uint8Array(vectorsAt(hashes.length) + hashes.length * vectorBytes(layout) + CHECKSUM);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, hashes.length, true);
  view.setUint32(12, layout.dimension, true);
  const units = new Uint16Array(bytes.buffer, HEADER, (hashes.length * HASH) / 2);
  hashes.forEach((hash, i) => units.set(hashUnits(hash), (i * HASH) / 2));
  const stored = layout.stored === "f16" ? toFloat16(vectors) : vectors;
  bytes.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), vectorsAt(hashes.length));
  bytes.set(await checksum(bytes.subarray(0, -CHECKSUM)), bytes.length - CHECKSUM);
  return bytes;
}

/** The hashes of a shard, or undefined when it is not whole: another layout, a wrong length, a wrong checksum. */
export async function checkedHashes(bytes: Uint8Array, layout: ShardLayout): Promise<string[] | undefined> {
  if (bytes.length < HEADER + CHECKSUM || new TextDecoder("latin1").decode(bytes.subarray(0, 8)) !== MAGIC) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = view.getUint32(8, true);
  if (view.getUint32(12, true) !== layout.dimension) return undefined;
  if (bytes.length !== vectorsAt(rows) + rows * vectorBytes(layout) + CHECKSUM) return undefined;
  const sum = await checksum(bytes.subarray(0, -CHECKSUM));
  if (sum.some((byte, i) => byte !== bytes[bytes.length - CHECKSUM + i])) return undefined;
  return Array.from({ length: rows }, (_, row) =>
    String.fromCharCode(...Array.from({ length: HASH / 2 }, (_, unit) => view.getUint16(HEADER + row * HASH + unit * 2, true))),
  );
}

/** Where the vectors of a shard with this many rows begin, in bytes. */
export function vectorsAt(rows: number): number {
  return HEADER + rows * HASH;
}

/** A reader of stored vectors, [n D]. */
export function vectorDecoder({ stored }: ShardLayout): (bytes: Uint8Array) => Float32Array {
  const halves = stored === "f16" ? float16Values() : undefined;
  return (bytes) => {
    const copy = bytes.slice(); // aligned, and the caller's own
    if (!halves) return new Float32Array(copy.buffer);
    return Float32Array.from(new Uint16Array(copy.buffer), (bits) => halves[bits]);
  };
}

async function checksum(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
