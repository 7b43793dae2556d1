// The texts that `attune encode` embeds: the lines of a text file, or one column of JSON lines or a table. Order is kept; a line is a text, an
// empty one too.

import { AttuneError, concatBytes, show } from "@attune/core";
import type { Files } from "@attune/core";
import { memoryFiles, readDocuments, readLines } from "@attune/data";

/** Files whose lines are records, so that a line itself is never meant as the text. */
const RECORDS = /\.(jsonl|ndjson|json|csv|tsv)(\.gz)?$/i;

/** How messages name what is piped in. */
const STDIN = "standard input";

/** The texts that are piped in, as those of a file. E_EMPTY, E_OPTION, E_LAYOUT, E_ROW as `readTexts`. */
export async function readPipedTexts(stdin: AsyncIterable<Uint8Array>, column?: string): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return readTexts(memoryFiles({ [STDIN]: concatBytes(chunks) }), STDIN, column);
}

/** All texts of a file, gzip undone. E_NO_FILE, E_EMPTY, E_OPTION (records without `column`), E_LAYOUT (no such column), E_ROW with file and line. */
export async function readTexts(files: Files, path: string, column?: string): Promise<string[]> {
  const texts: string[] = [];
  if (column !== undefined) for await (const { text } of readDocuments(files, path, { column })) texts.push(text);
  else {
    for await (const { number, text } of readLines(files, path)) {
      if (text === undefined) {
        throw new AttuneError({ code: "E_ROW", place: `${path}:${number}`, expected: "UTF-8 text", got: "other bytes" });
      }
      if (RECORDS.test(path)) throw withoutColumn(path, text);
      texts.push(text);
    }
  }
  if (texts.length === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no text" });
  return texts;
}

function withoutColumn(path: string, first: string): AttuneError {
  const keys = keysOf(first);
  return new AttuneError({
    code: "E_OPTION",
    place: "--column",
    problem: "is missing: which one holds the text?",
    hint: `${path} ${keys ? `has the keys ${keys.map((key) => show(key)).join(", ")}` : `begins with ${show(first)}`}`,
  });
}

/** Of the object in a line; undefined where there is none. */
function keysOf(line: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  } catch {
    return undefined;
  }
}
