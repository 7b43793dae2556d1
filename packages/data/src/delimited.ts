// TSV and CSV as tables of texts. TSV has no quoting; CSV has (csv-records.ts).
// A first line with a known column name is the header; without one, two columns are anchor and positive, a third number is a score.

import { AttuneError, show, type Files } from "@attune/core";
import { rowError, type OnBadRow } from "./bad-row.ts";
import { ColumnNames, type Columns } from "./column-names.ts";
import { readCsvRecords, type TableRecord } from "./csv-records.ts";
import type { SourceRecord } from "./fields.ts";
import { notUtf8 } from "./jsonl.ts";
import { readLines } from "./lines.ts";

export interface DelimitedOptions {
  readonly separator: "\t" | ",";
  /** Cells in small letters that make a first line a header; left out, and with names of columns, it is one whatever its cells. */
  readonly knownColumns?: ReadonlySet<string>;
  /** Names that the user gave. */
  readonly columns?: Columns;
  readonly onBadRow: OnBadRow;
}

/**
 * The rows of a table as records of strings, their keys in any case; an empty cell is undefined. Wrong numbers of cells and open quotes are E_ROW,
 * a given name that the header does not have is E_OPTION.
 */
export async function* readDelimited(files: Files, path: string, options: DelimitedOptions): AsyncGenerator<SourceRecord> {
  const records = options.separator === "," ? readCsvRecords(files, path, options.onBadRow) : readTsvRecords(files, path, options.onBadRow);
  let table: { readonly header: readonly string[]; readonly names: ColumnNames; readonly headerless?: true } | undefined;
  for await (const { number, cells } of records) {
    if (!table) {
      const isHeader = beginsTable(cells, options);
      const header = isHeader ? cells.map((cell) => cell.trim()) : columnsWithoutHeader(path, number, cells);
      table = { header, names: new ColumnNames(options.columns, header), ...(!isHeader && { headerless: true }) };
      table.names.expectInHeader(`${path}:${number}`);
      expectDistinct(header, options, `${path}:${number}`);
      if (isHeader) continue;
    }
    const { header, ...about } = table;
    if (cells.length === header.length) {
      const fields = Object.fromEntries(header.map((name, i) => [name, cells[i] === "" ? undefined : cells[i]]));
      yield { path, line: number, fields, ...about };
    } else options.onBadRow(rowError(path, number, { expected: `${header.length} columns`, got: `${cells.length}` }));
  }
}

function beginsTable(cells: readonly string[], { knownColumns, columns = {} }: DelimitedOptions): boolean {
  if (!knownColumns || Object.keys(columns).length > 0) return true;
  return cells.some((cell) => knownColumns.has(cell.trim().toLowerCase()));
}

/** E_LAYOUT for two columns of one name that rows may have: which one is meant cannot be told. */
function expectDistinct(header: readonly string[], { knownColumns, columns = {} }: DelimitedOptions, place: string): void {
  const readable = (name: string): boolean =>
    name !== "" && (!knownColumns || knownColumns.has(name.toLowerCase()) || Object.values(columns).includes(name));
  const second = header.findIndex((name, i) => header.indexOf(name) < i && readable(name));
  if (second < 0) return;
  throw new AttuneError({
    code: "E_LAYOUT",
    place,
    expected: "a name of its own for every column",
    got: `${show(header[second])} twice, as columns ${header.indexOf(header[second]) + 1} and ${second + 1}`,
  });
}

async function* readTsvRecords(files: Files, path: string, onBadRow: OnBadRow): AsyncGenerator<TableRecord> {
  for await (const { number, text } of readLines(files, path)) {
    if (text === undefined) onBadRow(rowError(path, number, notUtf8));
    else if (text !== "") yield { number, cells: text.split("\t") };
  }
}

function columnsWithoutHeader(path: string, line: number, cells: readonly string[]): string[] {
  if (cells.length === 2) return ["anchor", "positive"];
  if (cells.length === 3 && cells[2].trim() !== "" && Number.isFinite(Number(cells[2]))) return ["sentence1", "sentence2", "score"];
  throw new AttuneError({
    code: "E_LAYOUT",
    place: `${path}:${line}`,
    expected: "a header line, or two texts and perhaps a score",
    got: `${cells.length} ${cells.length === 1 ? "column" : "columns"}: ${show(cells)}`,
    hint:
      otherSeparator(cells) ??
      "write anchor and positive into the first line, or say what its columns are (--columns anchor=NAME,positive=NAME)",
  });
}

/** One cell that holds what separates cells elsewhere. */
function otherSeparator([first, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) return undefined;
  if (first.includes(";")) return "cells are separated by commas in .csv and by tabs in .tsv files, not by semicolons";
  return first.includes("\t") ? "cells that are separated by tabs belong in a .tsv file" : undefined;
}
