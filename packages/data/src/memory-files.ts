// Files over contents in memory, for data that is embedded in a program and for tests. Refuses to write.

import { AttuneError, type Files, type FileStatus, type OpenFile } from "@attune/core";

/** Read-only files by path; folders are the paths' beginnings. Missing ones are E_NO_FILE, writing is E_FILE. */
export function memoryFiles(contents: Readonly<Record<string, string | Uint8Array>>): Files {
  const bytesOf = (path: string): Uint8Array => {
    const content = contents[path];
    if (content === undefined) throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist" });
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  const list = (path: string): string[] => {
    const start = path === "." ? "" : `${path.replace(/\/$/, "")}/`;
    const inside = Object.keys(contents).filter((name) => name.startsWith(start));
    return [...new Set(inside.map((name) => name.slice(start.length).split("/")[0]))].filter((name) => name !== "").sort();
  };
  const status = (path: string): FileStatus | undefined => {
    if (path in contents) return { size: bytesOf(path).length, kind: "file", modified: 0 };
    return list(path).length > 0 ? { size: 0, kind: "folder", modified: 0 } : undefined;
  };
  const open = (path: string): OpenFile => {
    const bytes = bytesOf(path);
    return {
      path,
      size: async () => bytes.length,
      read: async (offset, length) => bytes.slice(offset, offset + length),
      write: refuse,
      truncate: refuse,
      sync: refuse,
      [Symbol.asyncDispose]: async () => {},
    };
  };
  return {
    status: async (path) => status(path),
    open: async (path) => open(path),
    read: async (path) => bytesOf(path),
    readText: async (path) => new TextDecoder().decode(bytesOf(path)),
    list: async (path) => list(path),
    write: refuse,
    append: refuse,
    rename: refuse,
    remove: refuse,
    makeFolder: refuse,
    lock: refuse,
  };
}

function refuse(): never {
  throw new AttuneError({ code: "E_FILE", place: "memory", problem: "cannot be written: these files are read-only" });
}
