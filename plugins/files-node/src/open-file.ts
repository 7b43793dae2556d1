// An open file over a Node file handle: every read and write names its offset, loops until all bytes are through, and fails in sentences.

import { chmod, open, type FileHandle } from "node:fs/promises";
import { AttuneError, type OpenFile } from "@attune/core";
import { explained, systemCode } from "./file-errors.ts";
import { readRange, writeAll } from "./handle-bytes.ts";
import { openStream } from "./open-stream.ts";
import { targetOf, type Target } from "./target.ts";
import { temporaryEnd } from "./temporary-name.ts";

type Mode = "read" | "write" | "update";

/** Opens a file as `Files.open` says, a temporary one beside what it will become. A folder is E_FILE, and a pipe where that is not written whole. */
export async function openNodeFile(path: string, mode: Mode): Promise<OpenFile> {
  const verb = mode === "read" ? "read" : "written";
  const temporary = mode === "write" && temporaryEnd.test(path);
  const target = temporary ? await explained(path, verb, () => targetOf(path)) : undefined;
  if (target?.stream) return openStream(target.path);
  const handle = await explained(path, verb, () => (target ? openLike(target, "w") : openHandle(path, mode)), mode === "read");
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

/** Makes a file with the permissions of the one whose place it will take. */
export async function openLike({ path, mode }: Target, flag: "w" | "wx"): Promise<FileHandle> {
  const handle = await open(path, flag, mode);
  try {
    if (mode !== undefined) await chmod(path, mode); // what the process's mask took away
  } catch (error) {
    // Some file systems know no permissions.
    if (["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(systemCode(error) ?? "")) return handle;
    await handle.close();
    throw error;
  }
  return handle;
}

async function openHandle(path: string, mode: Mode): Promise<FileHandle> {
  if (mode !== "update") return open(path, mode === "read" ? "r" : "w");
  // "r+" does not create and "a+" ignores offsets, so a missing file is made first; losing that race to another process is fine.
  await (await open(path, "a")).close();
  return open(path, "r+");
}
