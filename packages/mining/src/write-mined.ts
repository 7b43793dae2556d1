// Writes mined rows as JSON lines, in pieces, so that a result may be larger than a string.

import type { Files } from "@attune/core";
import type { MiningResult } from "./mine.ts";
import { minedRecords, type RecordOptions } from "./records.ts";

/** Writes the rows of `minedRecords` to a file, through a temporary one; returns how many. E_FILE. */
export async function writeMined(files: Files, path: string, result: MiningResult, options?: RecordOptions): Promise<number> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const encoder = new TextEncoder();
  let rows = 0;
  try {
    {
      await using file = await files.open(temporary, "write");
      let offset = 0;
      let held = "";
      const flush = async (): Promise<void> => {
        const bytes = encoder.encode(held);
        await file.write(offset, bytes);
        offset += bytes.length;
        held = "";
      };
      for await (const record of minedRecords(result, options)) {
        held += `${JSON.stringify(record)}\n`;
        rows++;
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
  return rows;
}

/** Characters that are written at once. */
const FLUSH = 1 << 20;
