// Lines of a text file, streamed: memory holds one chunk and the longest line, whatever the size of the file.
// Knows UTF-8, the byte order mark and both line ends; knows nothing of what a line means.

import { concatBytes } from "@attune/core";
import type { Files } from "@attune/core";
import { rowError } from "./bad-row.ts";
import { readBytes } from "./file-bytes.ts";

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end; undefined when its bytes are not UTF-8. */
  readonly text: string | undefined;
}

const NEWLINE = 10;
/** Half of what a string can hold. */
const LONGEST_LINE = 1 << 28;

/**
 * Every line of a text file in order, blank ones included; gzip is undone. E_NO_FILE; E_GZIP; E_ROW for a line beyond 256 MiB (then it is
 * no text file).
 */
export async function* readLines(files: Files, path: string, { chunkBytes = 1 << 20 } = {}): AsyncGenerator<Line> {
  let number = 0;
  const numbered = (text: string | undefined): Line => ({ number: ++number, text: number === 1 ? text?.replace(/^\uFEFF/, "") : text });
  let held: Uint8Array[] = []; // the beginning of a line whose end was not yet read
  let heldBytes = 0;
  for await (const chunk of readBytes(files, path, chunkBytes)) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield* decodeLines(concatBytes([...held, chunk.subarray(0, end)])).map(numbered);
      held = [];
      heldBytes = 0;
    }
    held.push(chunk.subarray(end));
    heldBytes += chunk.length - end;
    if (heldBytes > LONGEST_LINE)
      throw rowError(path, number + 1, { expected: "lines of text", got: "more than 256 MiB without a line end" });
  }
  yield* decodeLines(concatBytes(held)).map(numbered);
}

/** Splits a block that ends with a whole line. A line end is one byte in UTF-8, so a block can be decoded at once. */
function decodeLines(block: Uint8Array): (string | undefined)[] {
  if (block.length === 0) return [];
  const end = block[block.length - 1] === NEWLINE ? block.length - 1 : block.length;
  const text = decode(block.subarray(0, end));
  if (text !== undefined) return text.split("\n").map(withoutReturn);
  const lines: (string | undefined)[] = [];
  for (let start = 0; start <= end;) {
    const newline = block.indexOf(NEWLINE, start);
    const stop = newline < 0 ? end : newline;
    const line = decode(block.subarray(start, stop));
    lines.push(line === undefined ? undefined : withoutReturn(line));
    start = stop + 1;
  }
  return lines;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
