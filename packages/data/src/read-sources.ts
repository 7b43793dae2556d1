// One walk over the rows of all data sets, in order: what is kept of them is decided elsewhere. Counts the bad rows, and says which file is what.

import { AttuneError, type Files } from "@attune/core";
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

/** What came of all files, but for the rows themselves. */
export interface ReadSources {
  /** Rows left out, and the error of the first. */
  readonly bad: { readonly count: number; readonly first?: AttuneError };
  /** Of the first file. */
  readonly format: RowFormat;
  /** In the order of the rows. */
  readonly files: readonly LoadedFile[];
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
  const known = new Set<string>();
  for (const [source, { path, weight = 1, ...own }] of named.entries()) {
    if (!(weight > 0 && weight < Infinity)) {
      throw new AttuneError({ code: "E_OPTION", place: `weight of ${path}`, expected: "a number above 0", got: String(weight) });
    }
    const { columns, split } = { ...options, ...own };
    expectKnownColumns(columns);
    for (const file of await findFiles(files, path)) {
      if (known.size === known.add(withoutDots(file)).size) throw namedTwice(file);
      found.push({ path: file, weight, source, ...(columns && { columns }), ...(split !== undefined && { split }) });
    }
  }
  return found;
}

/** A path without what leads nowhere: `./a//b` and `a/./b` are `a/b`. */
function withoutDots(path: string): string {
  return path
    .split("/")
    .filter((part, i) => part !== "." && (part !== "" || i === 0))
    .join("/");
}

/**
 * Gives all rows of these sources to `onRow`, one by one and each with its place, if it has one: weighted, and with the ids of its documents marked.
 * Errors as in `loadRows`.
 */
export async function readSources(
  files: Files,
  sources: readonly ResolvedSource[],
  { skipBadRows = false, signal }: Pick<LoadOptions, "skipBadRows" | "signal">,
  onRow: (row: Row, place: RowPlace | undefined) => void,
): Promise<ReadSources> {
  const loaded: LoadedFile[] = [];
  let bad: ReadSources["bad"] = { count: 0 };
  let rows = 0;
  const onBadRow: OnBadRow = (error) => (bad = { count: bad.count + 1, first: bad.first ?? error });
  const marked = markSources();
  for (const { path, weight, source, ...reading } of sources) {
    const [rowsBefore, badBefore] = [rows, bad.count];
    let format: RowFormat | undefined;
    let place: RowPlace | undefined;
    const onFormat = (one: RowFormat): void => void (format = one);
    const onPlace = ({ line }: RowPlace): void => void (place = { path, line }); // not the record itself, which holds its texts
    try {
      for await (const row of readRows(files, path, { ...reading, ...(signal && { signal }), onBadRow, onPlace, onFormat })) {
        onRow(marked(withWeight(row, weight), source), place);
        rows++;
      }
    } catch (error) {
      // A file of bad rows alone: which one is first is said below.
      if (skipBadRows || bad.count === badBefore || !(error instanceof AttuneError && error.code === "E_EMPTY")) throw error;
    }
    if (format) loaded.push({ path, format, weight, source, rows: rows - rowsBefore, bad: bad.count - badBefore });
  }
  if (bad.first && !skipBadRows) throw withCount(bad.first, bad.count, rows + bad.count);
  return { bad, format: loaded[0].format, files: loaded };
}

/** A place as errors name it. */
export function placeText({ path, line }: RowPlace): string {
  return `${path}:${line}`;
}

/** A row of a data set with this weight. */
function withWeight(row: Row, weight: number): Row {
  return weight === 1 ? row : { ...row, weight };
}

function namedTwice(place: string): AttuneError {
  const hint = "to meet its rows twice in an epoch, give it a weight of 2";
  return new AttuneError({ code: "E_OPTION", place, problem: "is named twice, perhaps by two patterns", hint });
}

/** The first bad row's error, with the number of all of them. */
function withCount(error: AttuneError, bad: number, all: number): AttuneError {
  const share = `${bad.toLocaleString("en")} of ${all.toLocaleString("en")} here`;
  return error.with({ hint: `--skip-bad-rows leaves such rows out (${share})` });
}
