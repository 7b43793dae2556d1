// All texts of data in any form that attune reads, for what learns from texts alone: a vocabulary.
// A text that stands in several rows comes several times.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { findFiles, readDocuments, readRows, textOf } from "@attune/data";
import type { Row } from "@attune/data";

export interface TextOptions {
  /** The one column that holds texts; all texts of the rows when left out. */
  readonly column?: string | undefined;
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Told of each bad row, which is left out; without it the first is an error. */
  readonly onBadRow?: (error: AttuneError) => void;
}

/** The texts of files, patterns and BEIR folders (corpus and queries) in order, streamed. Errors of `readRows` and `readDocuments`. */
export async function* trainingTexts(files: Files, data: readonly string[], options: TextOptions): AsyncGenerator<string> {
  for (const named of data) {
    for (const path of await findFiles(files, named)) {
      if ((await files.status(path))?.kind === "folder") yield* textsOfFolder(files, path);
      else yield* textsOfFile(files, path, options);
    }
  }
}

async function* textsOfFolder(files: Files, folder: string): AsyncGenerator<string> {
  const inside = await files.list(folder);
  const found = ["corpus.jsonl", "corpus.jsonl.gz", "queries.jsonl", "queries.jsonl.gz"].filter((name) => inside.includes(name));
  if (found.length === 0) {
    const hint = "give its files, or a pattern of them: 'texts/*.txt'";
    throw new AttuneError({
      code: "E_LAYOUT",
      place: folder,
      expected: "a folder with corpus.jsonl (BEIR's layout)",
      got: "another one",
      hint,
    });
  }
  for (const name of found) for await (const { text } of readDocuments(files, joinPath(folder, name))) yield text;
}

async function* textsOfFile(files: Files, path: string, { column, columns, onBadRow }: TextOptions): AsyncGenerator<string> {
  const table = /\.(jsonl|ndjson|json|csv|tsv)(\.gz)?$/i.test(path);
  if (table && column === undefined) {
    try {
      const rows = readRows(files, path, { ...(columns && { columns }), ...(onBadRow && { onBadRow }) });
      for await (const row of rows) yield* textsOf(row);
      return;
    } catch (error) {
      // Documents are no rows; a layout that is recognised is so from the first row on, so nothing has been given out yet.
      if (!(error instanceof AttuneError) || error.code !== "E_LAYOUT" || columns) throw error;
    }
  }
  for await (const { text } of readDocuments(files, path, column === undefined ? {} : { column })) yield text;
}

function textsOf({ anchor, positives, negatives }: Row): string[] {
  return [anchor, ...positives.map(textOf), ...negatives.map(textOf)];
}
