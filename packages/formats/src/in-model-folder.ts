// Errors about config.json, from code that sees its contents and not its folder.

import { AttuneError, joinPath } from "@attune/core";

/** What `work` gives; its errors that begin with "config.json" say in whose folder. */
export function inModelFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof AttuneError) || !cause.place?.startsWith("config.json")) throw cause;
    const { code, place, sentence, hint } = cause;
    const problem = sentence.slice(place.length + 1);
    throw new AttuneError({ code: code as `E_${string}`, place: joinPath(folder, place), problem, ...(hint && { hint }), cause });
  }
}
