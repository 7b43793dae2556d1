// A disk in memory with folders of fixtures/golden on it, so that tests can change and save models.

import { readdirSync, readFileSync } from "node:fs";
import { AttuneError, type Files, type OpenFile } from "@attune/core";

/** Files in memory by path; a folder made empty is a path that ends with "/". */
export interface MemoryFiles extends Files {
  readonly contents: Map<string, Uint8Array>;
}

/** An empty disk. */
export function memoryFiles(): MemoryFiles {
  const contents = new Map<string, Uint8Array>();
  const bytesAt = (path: string): Uint8Array => {
    const bytes = contents.get(path);
    if (bytes) return bytes;
    throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist" });
  };
  const inside = (folder: string): string[] => [...contents.keys()].filter((path) => path.startsWith(`${folder}/`));
  const write = async (path: string, content: Uint8Array | string): Promise<void> => {
    contents.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content.slice());
  };
  const openFile = (path: string): OpenFile => ({
    path,
    size: async () => bytesAt(path).length,
    read: async (offset, length) => bytesAt(path).slice(offset, offset + length),
    async write(offset, bytes) {
      const whole = new Uint8Array(Math.max(bytesAt(path).length, offset + bytes.length));
      whole.set(bytesAt(path));
      whole.set(bytes, offset);
      contents.set(path, whole);
    },
    truncate: async (size) => write(path, bytesAt(path).slice(0, size)),
    sync: async () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  return {
    contents,
    async status(path) {
      if (contents.has(path)) return { size: bytesAt(path).length, kind: "file", modified: 0 };
      return inside(path).length > 0 ? { size: 0, kind: "folder", modified: 0 } : undefined;
    },
    async open(path, mode) {
      if (mode === "write") await write(path, "");
      bytesAt(path);
      return openFile(path);
    },
    read: async (path) => bytesAt(path).slice(),
    readText: async (path) => new TextDecoder().decode(bytesAt(path)),
    write,
    append: async (path, content) => write(path, new TextDecoder().decode(contents.get(path)) + String(content)),
    async rename(from, to) {
      for (const path of [...inside(from), ...(contents.has(from) ? [from] : [])]) {
        contents.set(to + path.slice(from.length), bytesAt(path));
        contents.delete(path);
      }
    },
    async remove(path) {
      for (const one of [path, ...inside(path)]) contents.delete(one);
    },
    list: async (path) => [...new Set(inside(path).map((one) => one.slice(path.length + 1).split("/")[0]))].filter(Boolean).sort(),
    async makeFolder(path) {
      contents.set(`${path}/`, new Uint8Array());
    },
    lock: async () => ({ [Symbol.asyncDispose]: async () => {} }),
  };
}

/** What replaces a file of a folder: null removes it, an object is JSON. */
export type Changes = Readonly<Record<string, object | Uint8Array | null>>;

/** A disk with fixtures/golden/`path` as the folder "m". */
export function goldenDisk(path: string, changes: Changes = {}): MemoryFiles {
  const files = memoryFiles();
  const from = new URL(`../../../fixtures/golden/${path}/`, import.meta.url);
  for (const name of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const file = `${name.parentPath.replace(/\/$/, "")}/${name.name}`;
    files.contents.set(`m/${file.slice(from.pathname.length)}`, new Uint8Array(readFileSync(file)));
  }
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) files.contents.delete(`m/${name}`);
    else files.contents.set(`m/${name}`, change instanceof Uint8Array ? change : new TextEncoder().encode(JSON.stringify(change)));
  }
  return files;
}

/** A JSON file of a disk. */
export function jsonOn(files: MemoryFiles, path: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(files.contents.get(path))) as Record<string, unknown>;
}
