// Whole data sets in memory: one or several, each with its weight and column names, every row validated before anything is done with them.

import { show, type Files } from "@attune/core";
import {
  findSources,
  placeText,
  readSources,
  type DataSource,
  type LoadedFile,
  type LoadOptions,
  type ReadSources,
} from "./read-sources.ts";
import type { Row } from "./row.ts";

/** All rows and what was left out. */
export interface LoadedRows extends ReadSources {
  readonly rows: Row[];
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
  options: LoadOptions = {},
): Promise<LoadedRows> {
  const rows: Row[] = [];
  const lines: number[] = []; // by row; sparse where a folder has none
  const read = await readSources(files, await findSources(files, sources, options), options, (row, place) => {
    if (place) lines[rows.length] = place.line;
    rows.push(row);
  });
  const placeOf = (row: number): string | undefined => {
    const path = pathOf(read.files, row);
    if (path === undefined) return undefined;
    return lines[row] === undefined ? `${path}, query ${show(rows[row].id)}` : placeText({ path, line: lines[row] });
  };
  return { ...read, rows, placeOf };
}

/** The file that a row came from. */
function pathOf(files: readonly LoadedFile[], row: number): string | undefined {
  let end = 0;
  return files.find(({ rows }) => row < (end += rows))?.path;
}
