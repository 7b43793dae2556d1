// Where commands may write text files: never over one that is there unless told to.

import { AttuneError, folderOf } from "@attune/core";
import type { Files } from "@attune/core";

/**
 * Checks, before any work is done, that a file may be written: E_OUTPUT for a folder, for one of the inputs, for a file that is there, unless it may be
 * replaced, and for a folder that is not.
 */
export async function expectNewFile(
  files: Files,
  path: string,
  { overwrite, inputs = [] }: { overwrite: boolean; inputs?: readonly (string | undefined)[] },
): Promise<void> {
  const status = await files.status(path);
  if (status?.kind === "folder") throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "is a folder, not a file" });
  if (inputs.includes(path)) throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "is an input; give another --output" });
  if (!status && (await files.status(folderOf(path)))?.kind !== "folder")
    throw new AttuneError({ code: "E_OUTPUT", place: path, problem: `cannot be made: ${folderOf(path)} is no folder` });
  if (!status || overwrite) return;
  throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "exists", hint: "--overwrite replaces it, or give another --output" });
}
