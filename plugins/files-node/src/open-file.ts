// An open file over a Node file handle: every read and write names its offset, loops until all bytes are through, and fails in sentences.

import { open, type FileHandle } from "node:fs/promises";
import { AttuneError, type OpenFile } from "@attune/core";
import { explained } from "./file-errors.ts";

/** One system call moves at most this many bytes: 2 GiB and more is refused by the systems. */
const CHUNK = 1 << 30;

/** Opens a file as `Files.open` says; a folder or a pipe is E_FILE. */
export async function openNodeFile(path: string, mode: "read" | "write" | "update"): Promise<OpenFile> {
  const verb = mode === "read" ? "read" : "written";
  const handle = await explained(path, verb, () => openHandle(path, mode), mode === "read");
  const status = await handle.stat();
  if (status.isDirectory()) {
    await handle.close();
    throw new AttuneError({ code: "E_FILE", place: path, problem: `cannot be ${verb}: it is a folder`, hint: "give the path of a file" });
  }
  if (status.isFIFO() || status.isSocket()) {
    await handle.close();
    // Reads and writes name their offset, which a pipe does not have; it would look like an empty file.
    const hint = "write what comes through it to a file first";
    throw new AttuneError({ code: "E_FILE", place: path, problem: `cannot be ${verb}: it is a pipe, not a file`, hint });
  }
  return {
    path,
    size: async () => (await explained(path, "read", () => handle.stat())).size,
    read: (offset, length) => explained(path, "read", () => readRange(handle, offset, length)),
    write: (offset, bytes) => explained(path, "written", () => writeAll(handle, bytes, offset)),
    truncate: (size) => explained(path, "cut", () => handle.truncate(size)),
    sync: () => explained(path, "written", () => handle.sync()),
    [Symbol.asyncDispose]: () => explained(path, "closed", () => handle.close()),
  };
}

async function openHandle(path: string, mode: "read" | "write" | "update"): Promise<FileHandle> {
  if (mode !== "update") return open(path, mode === "read" ? "r" : "w");
  // "r+" does not create and "a+" ignores offsets, so a missing file is made first; losing that race to another process is fine.
  await (await open(path, "a")).close();
  return open(path, "r+");
}

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
