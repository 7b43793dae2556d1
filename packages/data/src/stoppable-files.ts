// Files whose reading stops: every reader of rows, documents and folders goes through files piece by piece, so it needs to know of no signal itself.

import type { Files } from "@attune/core";

/** The same files, but to read on in an open one rejects with the signal's reason once it is aborted. */
export function stoppableFiles(files: Files, signal: AbortSignal): Files {
  return over(files, {
    async open(path, mode) {
      signal.throwIfAborted();
      const file = await files.open(path, mode);
      return over(file, {
        async read(offset, length) {
          signal.throwIfAborted();
          return file.read(offset, length);
        },
      });
    },
  });
}

/** An object with other methods in place of some of its own; the rest are still called on itself, be they of its class or its own. */
function over<T extends object>(object: T, others: Partial<T>): T {
  return new Proxy({} as T, {
    get(_, key) {
      if (Object.hasOwn(others, key)) return others[key as keyof T];
      const value: unknown = Reflect.get(object, key, object);
      return typeof value === "function" ? (value.bind(object) as unknown) : value;
    },
  });
}
