// Whether a file can be written, tried before hours of work are spent on what it is to hold.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";

/** Writes and removes an empty file beside `path`; what stands against it, as a sentence fragment, or undefined. Nobody asked for the file that is tried. */
export async function refusalToWrite(
  files: Files,
  path: string,
): Promise<{ readonly problem: string; readonly cause: unknown } | undefined> {
  const probe = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await files.write(probe, "");
    await files.remove(probe);
    return undefined;
  } catch (cause) {
    return { problem: cause instanceof AttuneError ? cause.problem : String(cause), cause };
  }
}
