// Writes mined rows as JSON lines.

import { writeLines } from "@attune/core";
import type { Files } from "@attune/core";
import type { MiningResult } from "./mine.ts";
import { minedRecords, type RecordOptions } from "./records.ts";

/** Writes the rows of `minedRecords` to a file, through a temporary one; returns how many. E_FILE. */
export function writeMined(files: Files, path: string, result: MiningResult, options?: RecordOptions): Promise<number> {
  return writeLines(files, path, jsonLines(minedRecords(result, options)));
}

async function* jsonLines(records: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const record of records) yield `${JSON.stringify(record)}\n`;
}
