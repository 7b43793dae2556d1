// JSON lines: one object per line, blank lines left out.

import { AttuneError, show, type Files } from "@attune/core";
import { rowError, type OnBadRow } from "./bad-row.ts";
import type { ColumnNames } from "./column-names.ts";
import type { SourceRecord } from "./fields.ts";
import { readLines } from "./lines.ts";

/** The objects of a JSONL file in order. A line that holds none is E_ROW; a file that is one JSON array is E_LAYOUT. */
export async function* readJsonl(files: Files, path: string, onBadRow: OnBadRow, names?: ColumnNames): AsyncGenerator<SourceRecord> {
  let first = true;
  for await (const { number, text } of readLines(files, path)) {
    if (text !== undefined && !/\S/.test(text)) continue;
    if (first && text?.trimStart().startsWith("[")) throw jsonArray(path);
    first = false;
    const value = text === undefined ? undefined : parse(text);
    if (isObject(value)) yield { path, line: number, fields: value, ...(names && { names }) };
    else onBadRow(rowError(path, number, text === undefined ? notUtf8 : { ...expectedObject(value), got: excerpt(text, value) }));
  }
}

export const notUtf8 = { expected: "UTF-8 text", got: "other bytes" };

function parse(text: string): unknown {
  try {
    return MANY_DIGITS.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch (error) {
    return error;
  }
}

const MANY_DIGITS = /\d{16}/;

/** A whole number that would be rounded stays text, as it is written: ids of 64 bits are told apart. Old engines do not tell how it is written. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded && /^-?\d+$/.test(context?.source ?? "") ? context?.source : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error);
}

function expectedObject(value: unknown): { expected: string } {
  return { expected: value instanceof Error ? "valid JSON" : "a JSON object" };
}

/** What stands in a line where it stops being JSON, as far as the engine says where that is. */
function excerpt(text: string, value: unknown): string {
  if (!(value instanceof Error)) return show(value);
  const number = /[[,:]\s*(NaN|-?Infinity)\s*[\]},]/.exec(text)?.[1];
  if (number) return `${number}, which JSON does not have`; // but Python writes it
  const position = Number(/position (\d+)/.exec(value.message)?.[1] ?? 0);
  const ended = /end of (JSON )?input|unterminated/i.test(value.message) || position >= text.trimEnd().length;
  if (ended) return `a line that ends after «${text.trimEnd().slice(-24)}»`;
  return `«${text.slice(position, position + 24)}» at character ${position + 1}`;
}

function jsonArray(path: string): AttuneError {
  return new AttuneError({
    code: "E_LAYOUT",
    place: path,
    expected: "one JSON object per line",
    got: "a JSON array",
    hint: `write each element on its own line, for example with: jq -c '.[]' ${path}`,
  });
}
