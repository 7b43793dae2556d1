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
    const type = used === 0 ? (done ? FULL : FIRST) : done ? LAST : MIDDLE;
    put(piece(data.subarray(used, used + length), type));
    used += length;
  }
  return concatBytes(parts);
}

/** The records of a file, as far as they are whole; the last one may have been cut off. */
export function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let held: Uint8Array[] = [];
  for (let at = fileHeader.length; at + HEADER <= file.length;) {
    const room = BLOCK - (at % BLOCK);
    if (room < HEADER) {
      at += room;
      continue;
    }
    const end = at + HEADER + view.getUint16(at + 4, true);
    const type = view.getUint8(at + 6);
    if (end > file.length) break;
    held.push(file.subarray(at + HEADER, end));
    if (type === FULL || type === LAST) {
      records.push(concatBytes(held));
      held = [];
    }
    at = end;
  }
  return records;
}

function piece(data: Uint8Array, type: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, crc32(data, crc32(Uint8Array.of(type))), true);
  view.setUint16(4, data.length, true);
  view.setUint8(6, type);
  bytes.set(data, HEADER);
  return bytes;
}
