// Files over node:fs/promises, for Node, Bun and Deno. What is said to be written is on the disk: contents and folder entries are synced.
// What is written whole follows links and keeps the permissions of what it replaces (see target.ts).

import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { AttuneError, folderOf, type Files } from "@attune/core";
import { explained, systemCode } from "./file-errors.ts";
import { readRange, writeAll } from "./handle-bytes.ts";
import { lockFile } from "./lock.ts";
import { openLike, openNodeFile } from "./open-file.ts";
import { writeStream } from "./open-stream.ts";
import { targetOf } from "./target.ts";
import { temporaryEnd, temporaryName } from "./temporary-name.ts";

/** The file system of this machine; relative paths start at the working folder. Failures are E_NO_FILE, E_FILE and E_LOCKED. */
export function createNodeFiles(): Files {
  return {
    status: (path) => explained(path, "looked at", () => statusOf(path)),
    open: openNodeFile,
    read: readWhole,
    readText: async (path) => decodeText(await readWhole(path), path),
    write: (path, content) => explained(path, "written", () => writeAtomically(path, bytesOf(content))),
    append: (path, content) => explained(path, "written", () => append(path, bytesOf(content))),
    rename: renameToPlace,
    remove: (path) => explained(path, "removed", () => remove(path)),
    list: (path) => explained(path, "listed", async () => (await readdir(path)).sort(), true),
    makeFolder: (path) => explained(path, "made", async () => void (await mkdir(path, { recursive: true }))),
    lock: (path) => explained(path, "locked", () => lockFile(path)),
  };
}

async function statusOf(path: string): ReturnType<Files["status"]> {
  try {
    const found = await stat(path);
    const folder = found.isDirectory();
    return { size: folder ? 0 : found.size, kind: folder ? "folder" : "file", modified: found.mtimeMs };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  return explained(
    path,
    "read",
    async () => {
      await using handle = await open(path, "r");
      const { size } = await handle.stat();
      // Pipes and the files of /proc say that they have no bytes.
      return size > 0 ? await readRange(handle, 0, size) : new Uint8Array(await handle.readFile());
    },
    true,
  );
}

/** Strict UTF-8 without its byte order mark; E_FILE names the line of the first invalid byte. */
function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = firstInvalidLine(bytes);
    if (line === undefined) {
      throw new AttuneError({ code: "E_FILE", place: path, problem: `is too large to be read as one text (${bytes.length} bytes)`, cause });
    }
    const hint = "save the file as UTF-8";
    throw new AttuneError({ code: "E_FILE", place: `${path}:${line}`, problem: "is not valid UTF-8", hint, cause });
  }
}

function firstInvalidLine(bytes: Uint8Array): number | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return undefined;
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const target = await targetOf(path);
  if (target.stream) return writeStream(target.path, bytes);
  const temporary = temporaryName(target.path);
  try {
    {
      await using handle = await openLike({ ...target, path: temporary }, "wx");
      await writeAll(handle, bytes, 0);
      await handle.sync();
    }
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folderOf(target.path));
}

async function remove(path: string): Promise<void> {
  const target = temporaryEnd.test(path) ? await targetOf(path) : { path, stream: false };
  if (target.stream) return; // nothing temporary was made
  try {
    await rm(target.path, { recursive: true, force: true });
  } catch (error) {
    if (systemCode(error) !== "ENOTDIR") throw error; // a path that leads through a file: nothing is there
  }
}

async function append(path: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(path, "a");
  await writeAll(handle, bytes, null);
}

/** A temporary file takes its place: behind the links that lead there. A stream has its bytes already. */
async function renameToPlace(from: string, to: string): Promise<void> {
  const own = from.startsWith(to) && from.replace(temporaryEnd, "") === to;
  const target = own ? await explained(to, "written", () => targetOf(to)) : undefined;
  if (target?.stream) return;
  await renameSynced(target ? target.path + from.slice(to.length) : from, target ? target.path : to);
}

async function renameSynced(from: string, to: string): Promise<void> {
  await explained(from, "renamed", () => stat(from), true);
  await explained(to, "written", async () => {
    await rename(from, to);
    await syncFolder(folderOf(to));
    if (folderOf(from) !== folderOf(to)) await syncFolder(folderOf(from));
  });
}

/** Makes renames and new names in a folder durable; systems that cannot sync a folder (Windows) do so by themselves. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!["EPERM", "EACCES", "EISDIR", "EINVAL", "ENOTSUP"].includes(systemCode(error) ?? "")) throw error;
  }
}
