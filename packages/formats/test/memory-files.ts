// Files in memory, for tests: writable, with a disk that can be full, and a record of the largest read.

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AttuneError, type Files, type OpenFile } from "@attune/core";

export interface MemoryFiles extends Files {
  /** Path -> bytes; a folder is a path that ends with "/". */
  readonly contents: Map<string, Uint8Array>;
  /** Bytes that can still be written before the disk is full. */
  room: number;
  /** Bytes of the largest read. */
  largestRead: number;
}

/** An empty disk. */
export function memoryFiles(start: Readonly<Record<string, Uint8Array | string>> = {}): MemoryFiles {
  const contents = new Map(Object.entries(start).map(([path, content]) => [path, bytesOf(content)]));
  const isFolder = (path: string): boolean => [...contents.keys()].some((name) => name.startsWith(`${path}/`));
  const bytesAt = (path: string): Uint8Array => contents.get(path) ?? fail(isFolder(path) ? "E_FILE" : "E_NO_FILE", path);
  const put = (path: string, bytes: Uint8Array): void => {
    if ((files.room -= bytes.length) < 0) fail("E_FILE", path);
    contents.set(path, bytes.slice());
  };
  const open = (path: string): OpenFile => ({
    path,
    size: async () => bytesAt(path).length,
    async read(offset, length) {
      files.largestRead = Math.max(files.largestRead, length);
      return bytesAt(path).slice(offset, offset + length);
    },
    async write(offset, bytes) {
      const whole = new Uint8Array(Math.max(bytesAt(path).length, offset + bytes.length));
      whole.set(bytesAt(path));
      whole.set(bytes, offset);
      put(path, whole);
    },
    truncate: async (size) => put(path, bytesAt(path).slice(0, size)),
    sync: async () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  const files: MemoryFiles = {
    contents,
    room: Infinity,
    largestRead: 0,
    async status(path) {
      if (contents.has(path)) return { size: bytesAt(path).length, kind: "file", modified: 0 };
      return isFolder(path) ? { size: 0, kind: "folder", modified: 0 } : undefined;
    },
    async open(path, mode) {
      if (mode === "write") put(path, new Uint8Array());
      bytesAt(path);
      return open(path);
    },
    read: async (path) => bytesAt(path).slice(),
    readText: async (path) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesAt(path)),
    write: async (path, content) => put(path, bytesOf(content)),
    append: async (path, content) => put(path, new Uint8Array([...(contents.get(path) ?? []), ...bytesOf(content)])),
    async rename(from, to) {
      if (isFolder(to)) fail("E_FILE", to);
      const moved = [...contents].filter(([path]) => path === from || path.startsWith(`${from}/`));
      if (moved.length === 0) fail("E_NO_FILE", from);
      for (const [path, bytes] of moved) {
        contents.delete(path);
        contents.set(to + path.slice(from.length), bytes);
      }
    },
    async remove(path) {
      for (const name of contents.keys()) if (name === path || name.startsWith(`${path}/`)) contents.delete(name);
    },
    async list(path) {
      if (!isFolder(path)) fail("E_NO_FILE", path);
      const inside = [...contents.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
      return [...new Set(inside.map((name) => name.split("/")[0]))].filter((name) => name !== "").sort();
    },
    async makeFolder(path) {
      contents.set(`${path}/`, new Uint8Array());
    },
    lock: async () => ({ [Symbol.asyncDispose]: async () => {} }),
  };
  return files;
}

/** Loads a folder of the real disk as `name`. */
export function loadFolder(files: MemoryFiles, folder: string, name: string): void {
  const from = resolve(folder);
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    files.contents.set(name + path.slice(from.length), new Uint8Array(readFileSync(path)));
  }
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function fail(code: "E_FILE" | "E_NO_FILE", path: string): never {
  throw new AttuneError({ code, place: path, problem: code === "E_FILE" ? "cannot be used" : "does not exist" });
}
