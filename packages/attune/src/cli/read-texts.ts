// The texts that `attune encode` embeds: the lines of a text file, or one column of a JSONL file. Order is kept; a line is a text, an empty one too.

import { AttuneError, show } from "@attune/core";
import type { Files } from "@attune/core";
import { readLines } from "@attune/data";

/** All texts of a file. E_NO_FILE, E_EMPTY, E_OPTION (JSONL without a column), E_ROW with file and line. */
export async function readTexts(files: Files, path: string, column?: string): Promise<string[]> {
  const jsonl = column !== undefined || /\.(jsonl|ndjson)$/i.test(path);
  const texts: string[] = [];
  for await (const { number, text } of readLines(files, path)) {
    if (text === undefined) throw rowError(`${path}:${number}`, "UTF-8 text", "other bytes");
    if (!jsonl) texts.push(text);
    else if (/\S/.test(text)) texts.push(columnOf(text, `${path}:${number}`, column));
  }
  if (texts.length === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no text" });
  return texts;
}

function columnOf(line: string, place: string, column: string | undefined): string {
  const record = parse(line, place);
  if (column === undefined) {
    const keys = Object.keys(record).map((key) => show(key));
    throw new AttuneError({
      code: "E_OPTION",
      place: "--column",
      problem: "is missing: which key holds the text?",
      hint: `${place} has the keys ${keys.join(", ") || "of an empty object"}`,
    });
  }
  const text = record[column];
  if (typeof text === "string") return text;
  throw rowError(`${place} ${show(column)}`, "a string", text === undefined ? "nothing" : show(text));
}

function parse(line: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw rowError(place, "valid JSON", show(line));
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw rowError(place, "a JSON object", show(value));
}

function rowError(place: string, expected: string, got: string): AttuneError {
  return new AttuneError({ code: "E_ROW", place, expected, got });
}
