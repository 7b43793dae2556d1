// Ids and vectors as two plain files, little-endian, written and read in pieces: how indexes save that keep vectors as they are. Nothing is synced here:
// what saves an index does that for all of its files.

import { joinPath, type Files } from "@attune/core";
import { float16Values, toFloat16 } from "./float16.ts";
import type { SavedContent, SavedFiles } from "./index-store.ts";

/** Numbers of a stored vector. */
export type StoredVectors = "f32" | "f16";

/** Some vectors [n D] and their ids. */
export interface Rows {
  readonly ids: Uint32Array;
  readonly vectors: Float32Array;
}

/** Writes `<prefix>.ids` and `<prefix>.<stored>`. */
export async function writeRows(
  files: Files,
  { folder, prefix, stored }: { folder: string; prefix: string; stored: StoredVectors },
  pieces: Iterable<Rows> | AsyncIterable<Rows>,
): Promise<SavedFiles> {
  const names = [`${prefix}.ids`, `${prefix}.${stored}`];
  await using idFile = await files.open(joinPath(folder, names[0]), "write");
  await using vectorFile = await files.open(joinPath(folder, names[1]), "write");
  let [idAt, vectorAt] = [0, 0];
  for await (const { ids, vectors } of pieces) {
    const numbers = bytesOf(stored === "f16" ? toFloat16(vectors) : vectors);
    await idFile.write(idAt, bytesOf(ids));
    await vectorFile.write(vectorAt, numbers);
    idAt += ids.byteLength;
    vectorAt += numbers.byteLength;
  }
  return { files: names, size: idAt / Uint32Array.BYTES_PER_ELEMENT };
}

/** Reads what `writeRows` wrote, a piece at a time. */
export async function* readRows(files: Files, { folder, files: names, dimension, size }: SavedContent): AsyncGenerator<Rows> {
  const half = names[1].endsWith(".f16");
  const values = half ? float16Values() : new Float32Array();
  const rowBytes = dimension * (half ? 2 : 4);
  await using idFile = await files.open(joinPath(folder, names[0]), "read");
  await using vectorFile = await files.open(joinPath(folder, names[1]), "read");
  const piece = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
  for (let row = 0; row < size; row += piece) {
    const count = Math.min(piece, size - row);
    const ids = new Uint32Array((await idFile.read(row * 4, count * 4)).slice().buffer);
    const bytes = (await vectorFile.read(row * rowBytes, count * rowBytes)).slice().buffer;
    const vectors = half ? decoded(new Uint16Array(bytes), values) : new Float32Array(bytes);
    yield { ids, vectors };
  }
}

const PIECE_BYTES = 1 << 24;

function decoded(halves: Uint16Array, values: Float32Array): Float32Array {
  const vectors = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) vectors[i] = values[halves[i]];
  return vectors;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
