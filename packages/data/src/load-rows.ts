// Whole data sets in memory: one or several, each with its weight and column names, every row validated before anything is done with them.

import { AttuneError, show, type Files } from "@attune/core";
import type { OnBadRow } from "./bad-row.ts";
import type { Columns } from "./column-names.ts";
import { markSources } from "./document-sources.ts";
import { findFiles } from "./find-files.ts";
import { expectKnownColumns } from "./layouts.ts";
import { readRows, type ReadOptions, type RowFormat, type RowPlace } from "./read-rows.ts";
import type { Row } from "./row.ts";

/** A data set among several. */
export interface DataSource {
  /** A file, a pattern of file names, or a BEIR folder. */
  readonly path: string;
  /** How often each of its rows is met in an epoch, on average; once unless given. Above 0. */
  readonly weight?: number;
  /** In place of the columns and the split that the options name. */
  readonly columns?: Columns;
  readonly split?: string;
}

/** How data sets are loaded. */
export interface LoadOptions extends Omit<ReadOptions, "onBadRow" | "onFormat" | "onPlace"> {
  /** Leaves bad rows out and counts them. */
  readonly skipBadRows?: boolean;
}

/** What came from one file or BEIR folder. */
export interface LoadedFile {
  readonly path: string;
  readonly format: RowFormat;
  readonly weight: number;
  /** Rows used, and rows left out. */
  readonly rows: number;
  readonly bad: number;
  /** Which of the data sets, as they were named, it belongs to. */
  readonly source: number;
}

/** All rows and what was left out. */
export interface LoadedRows {
  readonly rows: Row[];
  /** Rows left out, and the error of the first. */
  readonly bad: { readonly count: number; readonly first?: AttuneError };
  /** Of the first file. */
  readonly format: RowFormat;
  /** In the order of the rows. */
  readonly files: readonly LoadedFile[];
  /** Where a person finds a row, by its number from 0: `file:line`, or the folder and the query; undefined for a row that is not known. */
  readonly placeOf: (row: number) => string | undefined;
}

/**
 * All rows of one data set or of several, in the order in which they are named, each validated; those of a set with a weight carry it. Where
 * several sets have ids of documents, equal ids of two sets are two documents.
 * Without `skipBadRows` the first bad row is thrown once everything is read, so that its hint says how many there are; with it they are
 * counted. E_OPTION for a file that is named twice and for weights that are no numbers above 0; other errors as in `readRows`.
 */
export async function loadRows(
  files: Files,
  sources: string | DataSource | readonly (string | DataSource)[],
  { skipBadRows = false, ...options }: LoadOptions = {},
): Promise<LoadedRows> {
  const rows: Row[] = [];
  const loaded: LoadedFile[] = [];
  let bad: LoadedRows["bad"] = { count: 0 };
  const onBadRow: OnBadRow = (error) => (bad = { count: bad.count + 1, first: bad.first ?? error });
  const lines: number[] = []; // by row; sparse where a folder has none
  const onPlace = ({ line }: RowPlace): void => void (lines[rows.length] = line);
  const marked = markSources();
  for (const { path, weight, source, ...reading } of await findSources(files, sources, options)) {
    const [rowsBefore, badBefore] = [rows.length, bad.count];
    let format: RowFormat | undefined;
    try {
      const found = readRows(files, path, { ...reading, onBadRow, onPlace, onFormat: (one) => (format = one) });
      for await (const row of found) rows.push(marked(withWeight(row, weight), source));
    } catch (error) {
      // A file of bad rows alone: which one is first is said below.
      if (skipBadRows || bad.count === badBefore || !(error instanceof AttuneError && error.code === "E_EMPTY")) throw error;
    }
    if (format) loaded.push({ path, format, weight, source, rows: rows.length - rowsBefore, bad: bad.count - badBefore });
  }
  if (bad.first && !skipBadRows) throw withCount(bad.first, bad.count, rows.length + bad.count);
  const placeOf = (row: number): string | undefined => {
    const path = pathOf(loaded, row);
    if (path === undefined) return undefined;
    return lines[row] === undefined ? `${path}, query ${show(rows[row].id)}` : placeText({ path, line: lines[row] });
  };
  return { rows, bad, format: loaded[0].format, files: loaded, placeOf };
}

/** The file that a row came from. */
function pathOf(files: readonly LoadedFile[], row: number): string | undefined {
  let end = 0;
  return files.find(({ rows }) => row < (end += rows))?.path;
}

/** A place as errors name it. */
export function placeText({ path, line }: RowPlace): string {
  return `${path}:${line}`;
}

/** A file or BEIR folder, and how it is read. */
export type ResolvedSource = Required<Pick<DataSource, "path" | "weight">> &
  Pick<ReadOptions, "columns" | "split"> & { readonly source: number };

/** One entry per file; what `loadRows` says of errors holds. Patterns are resolved here, so that `readRows` gets paths that exist. */
export async function findSources(
  files: Files,
  sources: string | DataSource | readonly (string | DataSource)[],
  options: Pick<ReadOptions, "columns" | "split">,
): Promise<ResolvedSource[]> {
  const named = [sources].flat().map((source) => (typeof source === "string" ? { path: source } : (source as DataSource)));
  if (named.length === 0) throw new AttuneError({ code: "E_OPTION", place: "data", expected: "at least one data set", got: "none" });
  const found: ResolvedSource[] = [];
  for (const [source, { path, weight = 1, ...own }] of named.entries()) {
    if (!(weight > 0 && weight < Infinity)) {
      throw new AttuneError({ code: "E_OPTION", place: `weight of ${path}`, expected: "a number above 0", got: String(weight) });
    }
    const { columns, split } = { ...options, ...own };
    expectKnownColumns(columns);
    for (const file of await findFiles(files, path)) {
      if (found.some((other) => other.path === file)) throw namedTwice(file);
      found.push({ path: file, weight, source, ...(columns && { columns }), ...(split !== undefined && { split }) });
    }
  }
  return found;
}

/** A row of a data set with this weight. */
export function withWeight(row: Row, weight: number): Row {
  return weight === 1 ? row : { ...row, weight };
}

function namedTwice(place: string): AttuneError {
  const hint = "to meet its rows twice in an epoch, give it a weight of 2";
  return new AttuneError({ code: "E_OPTION", place, problem: "is named twice, perhaps by two patterns", hint });
}

/** The first bad row's error, with the number of all of them. */
export function withCount(error: AttuneError, bad: number, all: number): AttuneError {
  const share = `${bad.toLocaleString("en")} of ${all.toLocaleString("en")} here`;
  return error.with({ hint: `--skip-bad-rows leaves such rows out (${share})` });
}
