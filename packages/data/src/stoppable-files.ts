// Files whose reading stops: every reader of rows, documents and folders goes through files piece by piece, so it needs to know of no signal itself.

import type { Files, OpenFile } from "@attune/core";

/** The same files, but to read on in an open one rejects with the signal's reason once it is aborted. */
export function stoppableFiles(files: Files, signal: AbortSignal): Files {
  return {
    ...methodsOf(files, ["status", "read", "readText", "write", "append", "rename", "remove", "list", "makeFolder", "lock"]),
    async open(path, mode) {
      signal.throwIfAborted();
      return stoppableFile(await files.open(path, mode), signal);
    },
  };
}

function stoppableFile(file: OpenFile, signal: AbortSignal): OpenFile {
  return {
    ...methodsOf(file, ["size", "write", "truncate", "sync", Symbol.asyncDispose]),
    path: file.path,
    async read(offset, length) {
      signal.throwIfAborted();
      return file.read(offset, length);
    },
  };
}

type Method = (...values: unknown[]) => unknown;

/** Methods that are still called on their own object, which may be of a class. Not bound ones: V8 does not take these for `using`. */
function methodsOf<T extends object, Name extends keyof T>(object: T, names: readonly Name[]): Pick<T, Name> {
  const methods = names.map((name) => [name, (...values: unknown[]) => (object[name] as Method).apply(object, values)]);
  return Object.fromEntries(methods) as Pick<T, Name>;
}
