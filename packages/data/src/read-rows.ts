// From a path or a pattern to rows: finds out what each file is, recognises its layout by the first record, validates every row.

import { AttuneError, show, type Files } from "@attune/core";
import { attempt, type OnBadRow } from "./bad-row.ts";
import { readBeirRows } from "./beir-rows.ts";
import { ColumnNames, OWN_SETTINGS, type Columns } from "./column-names.ts";
import { readDelimited, type DelimitedOptions } from "./delimited.ts";
import type { SourceRecord } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import { findFiles } from "./find-files.ts";
import type { Layout } from "./layout.ts";
import { expectKnownColumns, knownColumns, layoutOf } from "./layouts.ts";
import { readLines } from "./lines.ts";
import type { Row } from "./row.ts";
import { stoppableFiles } from "./stoppable-files.ts";

/** What a data set was recognised as. */
export interface RowFormat {
  readonly file: "jsonl" | "tsv" | "csv" | "beir";
  readonly layout: string;
  /** The understood columns, as rows name them. */
  readonly columns: readonly string[];
  /** A table without a line of names: its first line is a row, and columns are told by their order. */
  readonly headerless?: true;
}

export interface ReadOptions {
  /** Understood name -> name in the file, which each file must have: `{ anchor: "title", positive: "abstract" }`. Not for BEIR folders. */
  readonly columns?: Columns;
  /** Which qrels of a BEIR folder; `train` unless given. */
  readonly split?: string;
  /** Receives each bad row, which is left out; without it the first bad row is thrown. */
  readonly onBadRow?: OnBadRow;
  /** Called once per file, before its first row. */
  readonly onFormat?: (format: RowFormat) => void;
  /** Called before each row of a file is given out: where it stands. Rows of a BEIR folder have no line of their own. */
  readonly onPlace?: (place: RowPlace) => void;
  /** Stops reading, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Where a row stands. */
export interface RowPlace {
  readonly path: string;
  readonly line: number;
}

/**
 * The rows of a JSONL, TSV or CSV file (gzip or not), of all files that a pattern like `data/*.jsonl` means, or of a BEIR folder, in order,
 * streamed where the format allows.
 * E_NO_FILE, E_EMPTY (a file without any row), E_LAYOUT (keys or a file that nobody understands), E_GZIP, E_ROW (`file:line "key"`); E_OPTION for
 * columns and a split where there are none, for a table's header without a mapped name, and after the last row for one that no row has.
 */
export async function* readRows(files: Files, path: string, options: ReadOptions = {}): AsyncGenerator<Row> {
  expectKnownColumns(options.columns);
  const read = options.signal ? stoppableFiles(files, options.signal) : files;
  for (const file of await findFiles(read, path)) yield* rowsOfOne(read, file, options);
}

async function* rowsOfOne(files: Files, path: string, options: ReadOptions): AsyncGenerator<Row> {
  const onBadRow: OnBadRow = options.onBadRow ?? offerToSkip;
  const kind = await kindOf(files, path);
  expectApplicable(path, kind, options);
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

/** E_OPTION for columns of a folder and for a split of a file. */
function expectApplicable(place: string, kind: RowFormat["file"], { columns = {}, split }: ReadOptions): void {
  const folder = kind === "beir";
  if (folder ? Object.keys(columns).length === 0 : split === undefined) return;
  throw new AttuneError({
    code: "E_OPTION",
    place,
    expected: folder ? "no columns for a BEIR folder, which has names of its own" : "no split for a file",
    got: folder
      ? Object.entries(columns)
          .map((pair) => pair.join("="))
          .join(",")
      : show(split),
    hint: `leave it out; ${OWN_SETTINGS}`,
  });
}

const offerToSkip: OnBadRow = (error) => {
  throw error.with({ hint: "--skip-bad-rows leaves such rows out" });
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
  let names: ColumnNames | undefined;
  for await (const record of recordsOf(files, path, kind, { columns, knownColumns, onBadRow })) {
    if (!layout) {
      layout = layoutOf(record);
      onFormat?.({ file: kind, layout: layout.name, columns: layout.columns, ...(record.headerless && { headerless: true }) });
    }
    const { parse } = layout;
    const row = attempt(onBadRow, () => parse(record));
    if (!row) continue;
    names = record.names;
    onPlace?.(record);
    yield row;
  }
  if (layout) names?.expectAllMet(path, layout.columns);
}

/** The records of one file, whatever they hold, with the names that their keys have. */
export function recordsOf(
  files: Files,
  path: string,
  kind: "jsonl" | "tsv" | "csv",
  options: Omit<DelimitedOptions, "separator">,
): AsyncGenerator<SourceRecord> {
  if (kind === "jsonl") return readJsonl(files, path, options.onBadRow, new ColumnNames(options.columns));
  return readDelimited(files, path, { ...options, separator: kind === "tsv" ? "\t" : "," });
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
