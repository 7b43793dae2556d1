// Folders in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/<split>.tsv. Reads their files; what they are used for is decided elsewhere.

import { AttuneError, joinPath, type Files } from "@attune/core";
import { attempt, rowError, type OnBadRow } from "./bad-row.ts";
import { idField, looseTextField, numberField, textField, type SourceRecord } from "./fields.ts";
import { notUtf8, readJsonl } from "./jsonl.ts";
import { readLines } from "./lines.ts";

/** One judgement of a qrels file. */
export interface Judgement {
  readonly query: string;
  readonly document: string;
  /** Above 0 is relevant. */
  readonly relevance: number;
  readonly path: string;
  readonly line: number;
}

export interface BeirOptions {
  readonly onBadRow: OnBadRow;
  /** Only these ids are kept; all, when left out. */
  readonly wanted?: ReadonlySet<string>;
}

/** Throws E_LAYOUT for a folder without corpus.jsonl and queries.jsonl, E_NO_FILE for a split that is not there (and names those that are). */
export async function expectBeirFolder(files: Files, folder: string, split: string): Promise<void> {
  const inside = await files.list(folder);
  const missing = ["corpus.jsonl", "queries.jsonl", "qrels"].find((name) => !inside.includes(name));
  if (missing) {
    throw new AttuneError({
      code: "E_LAYOUT",
      place: folder,
      expected: `a folder with corpus.jsonl, queries.jsonl and qrels/${split}.tsv (BEIR's layout)`,
      got: `no ${missing}`,
    });
  }
  const path = joinPath(folder, "qrels", `${split}.tsv`);
  if (await files.status(path)) return;
  const splits = (await files.list(joinPath(folder, "qrels"))).filter((name) => name.endsWith(".tsv")).map((name) => name.slice(0, -4));
  throw new AttuneError({
    code: "E_NO_FILE",
    place: path,
    problem: "does not exist",
    hint: `the folder has the splits: ${splits.join(", ") || "none"}`,
  });
}

/** The judgements of `qrels/<split>.tsv` in order: query, document and relevance, separated by tabs; a header line is optional. */
export async function readQrels(files: Files, folder: string, split: string, { onBadRow }: BeirOptions): Promise<Judgement[]> {
  const path = joinPath(folder, "qrels", `${split}.tsv`);
  const judgements: Judgement[] = [];
  for await (const { number, text } of readLines(files, path)) {
    if (text === "") continue;
    const cells = text?.split("\t");
    if (number === 1 && cells?.[2] !== undefined && Number.isNaN(Number(cells[2]))) continue; // query-id, corpus-id, score
    const judgement = attempt(onBadRow, () => parseJudgement(path, number, cells));
    if (judgement) judgements.push(judgement);
  }
  return judgements;
}

/**
 * Documents by id from `corpus.jsonl`, in its order: title and text with a space between, one alone where the other is empty.
 * A document without any text is the empty string. E_EMPTY for a file without lines.
 */
export function readCorpus(files: Files, folder: string, options: BeirOptions): Promise<Map<string, string>> {
  return readTexts(files, joinPath(folder, "corpus.jsonl"), options, (record) =>
    [looseTextField(record, "title"), looseTextField(record, "text")].filter((part) => part !== "").join(" "),
  );
}

/** Queries by id from `queries.jsonl`, in its order; an empty one is E_ROW, none at all E_EMPTY. */
export function readQueries(files: Files, folder: string, options: BeirOptions): Promise<Map<string, string>> {
  return readTexts(files, joinPath(folder, "queries.jsonl"), options, (record) => textField(record, "text"));
}

/** E_ROW that names the line of a judgement whose query or document is not in the folder. */
export function unknownId(judgement: Judgement, side: "query" | "document"): AttuneError {
  const [key, file] = side === "query" ? ["query-id", "queries.jsonl"] : ["corpus-id", "corpus.jsonl"];
  return rowError(judgement.path, judgement.line, { key, expected: `an id of ${file}`, got: JSON.stringify(judgement[side]) });
}

async function readTexts(
  files: Files,
  path: string,
  { onBadRow, wanted }: BeirOptions,
  textOfRecord: (record: SourceRecord) => string,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  let empty = true;
  for await (const record of readJsonl(files, path, onBadRow)) {
    empty = false;
    attempt(onBadRow, () => {
      const id = idField(record, "_id");
      if (wanted && !wanted.has(id)) return;
      if (texts.has(id))
        throw rowError(path, record.line, { key: "_id", expected: "an id that no earlier line has", got: JSON.stringify(id) });
      texts.set(id, textOfRecord(record));
    });
  }
  if (empty)
    throw new AttuneError({ code: "E_EMPTY", place: path, problem: "has no lines", hint: 'a line each: {"_id": "…", "text": "…"}' });
  return texts;
}

function parseJudgement(path: string, line: number, cells: readonly string[] | undefined): Judgement {
  if (!cells) throw rowError(path, line, notUtf8);
  if (cells.length !== 3)
    throw rowError(path, line, { expected: "query, document and relevance, separated by tabs", got: JSON.stringify(cells.join("\t")) });
  const record: SourceRecord = { path, line, fields: { "query-id": cells[0], "corpus-id": cells[1], score: cells[2] } };
  return {
    query: idField(record, "query-id"),
    document: idField(record, "corpus-id"),
    relevance: numberField(record, "score"),
    path,
    line,
  };
}
