// Text files that commands write: streamed, through a temporary file, and never over one that is there unless told to.

import { AttuneError, folderOf } from "@attune/core";
import type { Files } from "@attune/core";

/** Characters that are written at once. */
const FLUSH = 1 << 20;

/** Writes lines, each with its end, so that there is the whole file or none; returns how many. E_FILE, and what the lines throw. */
export async function writeLines(files: Files, path: string, lines: Iterable<string> | AsyncIterable<string>): Promise<number> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  let count = 0;
  try {
    {
      await using file = await files.open(temporary, "write");
      let [offset, held] = [0, ""];
      const flush = async (): Promise<void> => {
        const bytes = new TextEncoder().encode(held);
        await file.write(offset, bytes);
        offset += bytes.length;
        held = "";
      };
      for await (const line of lines) {
        held += line;
        count++;
        if (held.length > FLUSH) await flush();
      }
      await flush();
      await file.sync();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
  return count;
}

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
