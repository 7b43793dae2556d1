// The frame of a .wandb file: LevelDB's log format with zlib's CRC-32 in place of CRC-32C, behind a header of seven bytes.
// https://github.com/google/leveldb/blob/main/doc/log_format.md

import { concatBytes } from "@attune/core";
import { crc32 } from "./crc32.ts";

const BLOCK = 32768;
const HEADER = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/** What a file begins with: ":W&B", the magic number 0xBEE1, version 0. */
export const fileHeader = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);

/** The bytes that append `data` to a file of `size` bytes: pieces that end where blocks of 32 KiB end, each with checksum, length and type. */
export function framed(data: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = size;
  let used = 0;
  let begun = false;
  const put = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (let done = false; !done;) {
    const room = BLOCK - (at % BLOCK);
    if (room < HEADER) {
      put(new Uint8Array(room)); // too little for a header: zeros
      continue;
    }
    const length = Math.min(data.length - used, room - HEADER);
    done = used + length === data.length;
    // Where there is room for a header alone, the first piece is empty; what follows it goes on all the same.
    const type = begun ? (done ? LAST : MIDDLE) : done ? FULL : FIRST;
    put(piece(data.subarray(used, used + length), type));
    begun = true;
    used += length;
  }
  return concatBytes(parts);
}

/** The records of a file, as far as they are whole; the last one may have been cut off. */
export function recordsOf(file: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  let held: Uint8Array[] = [];
  for (const { data, isLast } of piecesIn(file)) {
    held.push(data);
    if (!isLast) continue;
    records.push(concatBytes(held));
    held = [];
  }
  return records;
}

/** Bytes of a file up to the end of its last whole record: what is written behind anything else, no reader finds. */
export function wholeBytes(file: Uint8Array): number {
  let whole = Math.min(file.length, fileHeader.length);
  for (const { end, isLast } of piecesIn(file)) if (isLast) whole = end;
  return whole;
}

interface Piece {
  readonly data: Uint8Array;
  /** Whether a record ends with it. */
  readonly isLast: boolean;
  /** In the file. */
  readonly end: number;
}

/** The pieces of a file up to the first that is cut off or has another checksum. */
function* piecesIn(file: Uint8Array): Generator<Piece> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = fileHeader.length; at + HEADER <= file.length;) {
    const room = BLOCK - (at % BLOCK);
    if (room < HEADER) {
      at += room;
      continue;
    }
    const end = at + HEADER + view.getUint16(at + 4, true);
    const type = view.getUint8(at + 6);
    if (end > file.length) return;
    const data = file.subarray(at + HEADER, end);
    if (view.getUint32(at, true) !== checksum(data, type)) return;
    yield { data, isLast: type === FULL || type === LAST, end };
    at = end;
  }
}

function piece(data: Uint8Array, type: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, checksum(data, type), true);
  view.setUint16(4, data.length, true);
  view.setUint8(6, type);
  bytes.set(data, HEADER);
  return bytes;
}

function checksum(data: Uint8Array, type: number): number {
  return crc32(data, crc32(Uint8Array.of(type)));
}
