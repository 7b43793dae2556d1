// TSV and CSV of text pairs. TSV has no quoting; CSV quotes as RFC 4180 says, also over several lines.
// A first line with a known column name is the header; without one, two columns are anchor and positive, a third number is a score.

import { AttuneError, show, type Files } from "@attune/core";
import { rowError, type OnBadRow } from "./bad-row.ts";
import type { SourceRecord } from "./fields.ts";
import { notUtf8 } from "./jsonl.ts";
import { readLines } from "./lines.ts";

export interface DelimitedOptions {
  readonly separator: "\t" | ",";
  /** Cells that make a first line a header. */
  readonly knownColumns: ReadonlySet<string>;
  /** True: the first line is the header, whatever its cells. */
  readonly header?: boolean;
  readonly onBadRow: OnBadRow;
}

/** The rows of a table as records of strings; an empty cell is undefined. Wrong numbers of cells and open quotes are E_ROW. */
export async function* readDelimited(files: Files, path: string, options: DelimitedOptions): AsyncGenerator<SourceRecord> {
  let header: string[] | undefined;
  for await (const { number, cells } of readCells(files, path, options)) {
    if (!header) {
      const isHeader = options.header || cells.some((cell) => options.knownColumns.has(cell.trim()));
      header = isHeader ? cells.map((cell) => cell.trim()) : columnsWithoutHeader(path, number, cells);
      if (isHeader) continue;
    }
    if (cells.length === header.length) {
      yield { path, line: number, fields: Object.fromEntries(header.map((name, i) => [name, cells[i] === "" ? undefined : cells[i]])) };
    } else options.onBadRow(rowError(path, number, { expected: `${header.length} columns`, got: `${cells.length}` }));
  }
}

async function* readCells(
  files: Files,
  path: string,
  { separator, onBadRow }: DelimitedOptions,
): AsyncGenerator<{ number: number; cells: string[] }> {
  let open: { number: number; lines: string[] } | undefined; // a CSV record whose quotes are not closed yet
  for await (const { number, text } of readLines(files, path)) {
    if (text === undefined) onBadRow(rowError(path, number, notUtf8));
    else if (separator === "\t") {
      if (text !== "") yield { number, cells: text.split("\t") };
    } else if (open || text !== "") {
      open ??= { number, lines: [] };
      open.lines.push(text);
      // An odd number of quotes opens or closes a record that goes over several lines.
      const odd = (text.split('"').length - 1) % 2 === 1;
      if (odd === open.lines.length > 1) {
        const cells = splitCsv(open.lines.join("\n"));
        if (cells) yield { number: open.number, cells };
        else onBadRow(rowError(path, open.number, { expected: 'cells in quotes as in "say ""hello""",next', got: show(open.lines[0]) }));
        open = undefined;
      }
    }
  }
  if (open) onBadRow(rowError(path, open.number, { expected: "a closing quote", got: "the end of the file" }));
}

/** The cells of one CSV record; undefined when its quotes make no sense. */
function splitCsv(record: string): string[] | undefined {
  const cell = /(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)/gy;
  const cells: string[] = [];
  for (;;) {
    const match = cell.exec(record);
    if (!match) return undefined;
    cells.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] === "") return cells;
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
