// Texts with a class each, as classification and clustering tasks have them.

import { AttuneError, type Files } from "@attune/core";
import { rowError, stopAtBadRow } from "./bad-row.ts";
import { findFiles } from "./find-files.ts";
import { keyOf, rawValue, textField, type SourceRecord } from "./fields.ts";
import { kindOf, recordsOf } from "./read-rows.ts";

const TEXTS = ["text", "sentence", "sentences", "anchor", "query"];
const LABELS = ["label", "labels", "label_text", "category", "class"];

export interface LabelledText {
  readonly text: string;
  /** The class as the file writes it: a name, or a number as text. */
  readonly label: string;
}

/**
 * Texts and classes of JSONL, TSV or CSV: "text" (or "sentence", "anchor", "query") with "label" (or "label_text", "category", "class"), other
 * names through `columns` ({ text, label } -> names in the file). E_NO_FILE, E_LAYOUT, E_ROW, E_EMPTY.
 */
export async function readLabelledTexts(
  files: Files,
  pattern: string,
  columns: { readonly text?: string; readonly label?: string } = {},
): Promise<LabelledText[]> {
  const found: LabelledText[] = [];
  for (const path of await findFiles(files, pattern)) {
    const kind = await kindOf(files, path);
    if (kind === "beir") {
      throw new AttuneError({ code: "E_LAYOUT", place: path, expected: "a file of texts with labels", got: "a folder" });
    }
    let keys: { text: string; label: string } | undefined;
    const mapping = Object.fromEntries(Object.entries(columns).filter(([, name]) => name !== undefined)) as Record<string, string>;
    for await (const record of recordsOf(files, path, kind, { columns: mapping, onBadRow: stopAtBadRow })) {
      keys ??= { text: keyIn(record, TEXTS, "text"), label: keyIn(record, LABELS, "label") };
      found.push({ text: textField(record, keys.text), label: labelField(record, keys.label) });
    }
  }
  if (found.length === 0) throw new AttuneError({ code: "E_EMPTY", place: pattern, problem: "has no texts" });
  return found;
}

function keyIn(record: SourceRecord, keys: readonly string[], what: string): string {
  const key = keyOf(record, keys);
  if (key !== undefined) return key;
  const place = `${record.path}:${record.line}`;
  record.names?.expectNoneMissed(place);
  throw new AttuneError({
    code: "E_LAYOUT",
    place,
    expected: `a ${what} under ${keys.map((one) => JSON.stringify(one)).join(", ")}`,
    got: `the keys ${Object.keys(record.fields).join(", ")}`,
    hint: `name the column (--columns ${what}=NAME)`,
  });
}

function labelField(record: SourceRecord, key: string): string {
  const value = rawValue(record, key);
  if (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.trim() !== "")) return String(value);
  throw rowError(record.path, record.line, {
    key: record.names?.nameOf(key) ?? key,
    expected: "a class (a name or a number)",
    got: value === undefined ? "nothing" : JSON.stringify(value),
  });
}
