// A text file written line by line, so that it may be larger than a string: through a temporary file, so that there is a whole one or none.

import type { Files } from "./files.ts";

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
