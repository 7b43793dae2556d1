// Errors about config.json, from code that sees its contents and not its folder.

import { AttuneError, joinPath } from "@attune/core";

/** What `work` gives; its errors that begin with "config.json" say in whose folder. */
export function inModelFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof AttuneError) || !cause.place?.startsWith("config.json")) throw cause;
    const { code, place, problem, hint } = cause;
    throw new AttuneError({ code, place: joinPath(folder, place), problem, ...(hint && { hint }), cause });
  }
}
