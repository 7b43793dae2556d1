// All the bytes that are asked for, through as many system calls as it takes.

import type { FileHandle } from "node:fs/promises";

/** One system call moves at most this many bytes: 2 GiB and more is refused by the systems. */
const CHUNK = 1 << 30;

/** `length` bytes from `offset`, fewer only at the end of the file; allocates no more than there is to read. */
export async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const rest = (await handle.stat()).size - offset;
  const bytes = new Uint8Array(Math.max(0, Math.min(length, rest)));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(CHUNK, bytes.length - done), offset + done);
    if (bytesRead === 0) return bytes.slice(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** Writes all of `bytes`, at `offset` or, with null, at the end of a file opened for appending. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number | null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(CHUNK, bytes.length - done);
    const { bytesWritten } = await handle.write(bytes, done, length, offset === null ? null : offset + done);
    done += bytesWritten;
  }
}
