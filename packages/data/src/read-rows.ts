// From a path or a pattern to rows: finds out what each file is, recognises its layout by the first record, validates every row.

import { AttuneError, type Files } from "@attune/core";
import { attempt, type OnBadRow } from "./bad-row.ts";
import { readBeirRows } from "./beir-rows.ts";
import { readDelimited } from "./delimited.ts";
import type { SourceRecord } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import { findFiles } from "./find-files.ts";
import type { Layout } from "./layout.ts";
import { expectKnownColumns, knownColumns, layoutOf } from "./layouts.ts";
import { readLines } from "./lines.ts";
import type { Row } from "./row.ts";

/** What a data set was recognised as. */
export interface RowFormat {
  readonly file: "jsonl" | "tsv" | "csv" | "beir";
  readonly layout: string;
  /** The understood columns, as rows name them. */
  readonly columns: readonly string[];
}

export interface ReadOptions {
  /** Understood name -> name in the file: `{ anchor: "title", positive: "abstract" }`. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Which qrels of a BEIR folder; `train` unless given. */
  readonly split?: string;
  /** Receives each bad row, which is left out; without it the first bad row is thrown. */
  readonly onBadRow?: OnBadRow;
  /** Called once per file, before its first row. */
  readonly onFormat?: (format: RowFormat) => void;
  /** Called before each row of a file is given out: where it stands. Rows of a BEIR folder have no line of their own. */
  readonly onPlace?: (place: RowPlace) => void;
}

/** Where a row stands. */
export interface RowPlace {
  readonly path: string;
  readonly line: number;
}

/**
 * The rows of a JSONL, TSV or CSV file (gzip or not), of all files that a pattern like `data/*.jsonl` means, or of a BEIR folder, in order,
 * streamed where the format allows.
 * E_NO_FILE, E_EMPTY (a file without any row), E_LAYOUT (keys or a file that nobody understands), E_GZIP, E_ROW (`file:line "key"`).
 */
export async function* readRows(files: Files, path: string, options: ReadOptions = {}): AsyncGenerator<Row> {
  expectKnownColumns(options.columns);
  for (const file of await findFiles(files, path)) yield* rowsOfOne(files, file, options);
}

async function* rowsOfOne(files: Files, path: string, options: ReadOptions): AsyncGenerator<Row> {
  const onBadRow: OnBadRow = options.onBadRow ?? stopAt;
  const kind = await kindOf(files, path);
  let rows = 0;
  let bad: AttuneError | undefined;
  const counted: OnBadRow = (error) => {
    bad ??= error;
    onBadRow(error);
  };
  for await (const row of kind === "beir"
    ? beirRows(files, path, options, counted)
    : fileRows(files, path, { ...options, kind, onBadRow: counted })) {
    rows++;
    yield row;
  }
  if (rows > 0) return;
  if (bad)
    throw new AttuneError({ code: "E_EMPTY", place: path, problem: "has no usable row", hint: `the first bad one: ${bad.sentence}` });
  throw new AttuneError({ code: "E_EMPTY", place: path, problem: "has no rows" });
}

const stopAt: OnBadRow = (error) => {
  throw error;
};

async function* beirRows(files: Files, path: string, { split = "train", onFormat }: ReadOptions, onBadRow: OnBadRow): AsyncGenerator<Row> {
  const rows = await readBeirRows(files, path, { split, onBadRow });
  onFormat?.({ file: "beir", layout: `qrels/${split}.tsv`, columns: ["query", "positives"] });
  yield* rows;
}

async function* fileRows(
  files: Files,
  path: string,
  { kind, columns, onBadRow, onFormat, onPlace }: ReadOptions & { kind: "jsonl" | "tsv" | "csv"; onBadRow: OnBadRow },
): AsyncGenerator<Row> {
  let layout: Layout | undefined;
  for await (const found of recordsOf(files, path, kind, { columns, onBadRow })) {
    const record = { ...found, columns };
    if (!layout) {
      layout = layoutOf(record);
      onFormat?.({ file: kind, layout: layout.name, columns: layout.columns });
    }
    const { parse } = layout;
    const row = attempt(onBadRow, () => parse(record));
    if (!row) continue;
    onPlace?.(record);
    yield row;
  }
}

/** The records of one file, whatever they hold. */
export function recordsOf(
  files: Files,
  path: string,
  kind: "jsonl" | "tsv" | "csv",
  { columns = {}, onBadRow }: { columns?: Readonly<Record<string, string>>; onBadRow: OnBadRow },
): AsyncGenerator<SourceRecord> {
  if (kind === "jsonl") return readJsonl(files, path, onBadRow);
  return readDelimited(files, path, {
    separator: kind === "tsv" ? "\t" : ",",
    knownColumns: new Set([...knownColumns, ...Object.values(columns)]),
    onBadRow,
  });
}

/** By what is there and by the name, whatever `.gz` behind it; a file with another ending is JSONL when its first line starts with "{", TSV when it has a tab. */
export async function kindOf(files: Files, path: string): Promise<RowFormat["file"]> {
  const status = await files.status(path);
  if (!status)
    throw new AttuneError({
      code: "E_NO_FILE",
      place: path,
      problem: "does not exist",
      hint: "give a JSONL, TSV or CSV file, a pattern like data/*.jsonl, or a BEIR folder",
    });
  if (status.kind === "folder") return "beir";
  const ending = /\.(jsonl|ndjson|json|tsv|csv)(?:\.gz)?$/i.exec(path)?.[1].toLowerCase();
  if (ending === "tsv" || ending === "csv") return ending;
  if (ending) return "jsonl";
  for await (const { text = "" } of readLines(files, path)) {
    if (!/\S/.test(text)) continue;
    if (text.trimStart().startsWith("{")) return "jsonl";
    if (text.includes("\t")) return "tsv";
    throw new AttuneError({
      code: "E_LAYOUT",
      place: path,
      expected: "JSON lines, or columns separated by tabs",
      got: "neither",
      hint: "name the file .jsonl, .tsv or .csv",
    });
  }
  return "jsonl";
}
