// Documents in a file of any usual form, streamed: lines of text, JSON lines, or a table. What they are ranked for is decided elsewhere.

import { AttuneError, show, type Files } from "@attune/core";
import { rowError, stopAtBadRow } from "./bad-row.ts";
import { readDelimited } from "./delimited.ts";
import { holds, keyOf, looseTextField, optionalId, rawValue, type SourceRecord } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import { readLines } from "./lines.ts";

/** A text to be ranked or found. */
export interface SourceDocument {
  /** As the file has it; undefined where it has none. */
  readonly id: string | undefined;
  readonly text: string;
}

const TEXTS = ["text", "document", "passage", "content", "contents", "sentence"];
const IDS = ["_id", "id", "docid", "doc_id"];

/**
 * The documents of a file in order. `.jsonl`, `.csv` and `.tsv` (gzip or not) hold them under "text" ("document", "passage", "content", "sentence"),
 * with a "title" in front where there is one, or under `column` alone; a table has a header. Any other file has one per line, blank lines left out.
 * E_NO_FILE, E_GZIP; E_LAYOUT where no such column is; E_ROW with the line; E_EMPTY without any.
 */
export async function* readDocuments(files: Files, path: string, { column }: { column?: string } = {}): AsyncGenerator<SourceDocument> {
  let count = 0;
  for await (const document of documentsOf(files, path, column)) {
    count++;
    yield document;
  }
  if (count === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no documents" });
}

async function* documentsOf(files: Files, path: string, column: string | undefined): AsyncGenerator<SourceDocument> {
  const form = /\.(jsonl|ndjson|json|csv|tsv)(?:\.gz)?$/i.exec(path)?.[1].toLowerCase();
  if (form === undefined && column === undefined) {
    for await (const { number, text } of readLines(files, path)) {
      if (text === undefined) throw rowError(path, number, { expected: "UTF-8 text", got: "other bytes" });
      if (/\S/.test(text)) yield { id: undefined, text };
    }
    return;
  }
  const table = form === "csv" || form === "tsv";
  const records = table
    ? readDelimited(files, path, { separator: form === "csv" ? "," : "\t", onBadRow: stopAtBadRow })
    : readJsonl(files, path, stopAtBadRow);
  let names: { readonly text: string; readonly id: string | undefined } | undefined;
  for await (const record of records) {
    names ??= { text: textColumn(record, column), id: keyOf(record, IDS) };
    const parts = [column === undefined ? looseTextField(record, "title") : "", textIn(record, names.text)];
    yield { id: names.id === undefined ? undefined : optionalId(record, names.id), text: parts.filter((part) => part !== "").join(" ") };
  }
}

function textColumn(record: SourceRecord, column: string | undefined): string {
  const found = keyOf(record, column === undefined ? TEXTS : [column]);
  if (found !== undefined) return found;
  const wanted = column === undefined ? `a text under ${TEXTS.map((name) => show(name)).join(", ")}` : `a column ${show(column)}`;
  throw new AttuneError({
    code: "E_LAYOUT",
    place: `${record.path}:${record.line}`,
    expected: wanted,
    got: `the columns ${Object.keys(record.fields).join(", ")}`,
    hint: "--column says which one holds the text",
  });
}

/** Empty texts are documents, too; a missing one is not. */
function textIn(record: SourceRecord, name: string): string {
  if (holds(record, name) && rawValue(record, name) !== null) return looseTextField(record, name);
  throw rowError(record.path, record.line, { key: name, expected: "a string", got: holds(record, name) ? "null" : "nothing" });
}
