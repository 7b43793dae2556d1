// Judgements and runs as text files, as trec_eval, BEIR and Tevatron write them. Columns are told apart by tabs where a line has them, else by white
// space, so that ids with spaces survive.

import { AttuneError, show, type Files } from "@attune/core";
import { readLines, rowError } from "@attune/data";
import type { Hit, Qrels, Run } from "./run.ts";

/**
 * Judgements: `query 0 document relevance`, or BEIR's `query document relevance` with or without a header. E_NO_FILE, E_EMPTY; E_ROW with the
 * line for other columns, a relevance that is no number, and a document that is judged twice for a query.
 */
export async function readTrecQrels(files: Files, path: string): Promise<Qrels> {
  const expected = "query, 0, document and relevance, or query, document and relevance";
  const qrels = new Map<string, Map<string, number>>();
  for await (const { number, cells } of readColumns(files, path)) {
    const [query, document, relevance] = cells.length === 4 ? [cells[0], cells[2], cells[3]] : cells;
    if (cells.length < 3 || cells.length > 4) throw badLine(path, number, expected, cells);
    if (number === 1 && Number.isNaN(Number(relevance))) continue; // query-id, corpus-id, score
    const judged = entryOf(qrels, query, () => new Map<string, number>());
    if (judged.has(document)) throw twice(path, number, query, document);
    judged.set(document, numberOf(relevance, { path, line: number, what: "relevance" }));
  }
  if (qrels.size === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "has no judgements" });
  return qrels;
}

/**
 * A run: `query Q0 document rank score tag`, or Tevatron's `query document score`. Ranks are not looked at: the scores order the hits. E_NO_FILE,
 * E_EMPTY; E_ROW with the line for other columns, a score that is no number, and a document that a query has twice.
 */
export async function readTrecRun(files: Files, path: string): Promise<Run> {
  const expected = "query, Q0, document, rank, score and tag, or query, document and score";
  const run = new Map<string, Map<string, number>>();
  for await (const { number, cells } of readColumns(files, path)) {
    const [query, document, score] = cells.length === 6 ? [cells[0], cells[2], cells[4]] : cells;
    if (cells.length !== 3 && cells.length !== 6) throw badLine(path, number, expected, cells);
    const found = entryOf(run, query, () => new Map<string, number>());
    if (found.has(document)) throw twice(path, number, query, document);
    found.set(document, numberOf(score, { path, line: number, what: "score" }));
  }
  if (run.size === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "has no hits" });
  return new Map([...run].map(([query, found]) => [query, hitsOf(found)]));
}

/** The lines of a run in TREC's six columns, with tabs between; hits in their order. E_TEXT for an id that would break its line. */
export function* trecRunLines(run: Run, tag: string): Generator<string> {
  for (const [query, hits] of run) {
    expectColumn(query, "query");
    for (const [i, { document, score }] of hits.entries()) {
      expectColumn(document, "document");
      yield `${query}\tQ0\t${document}\t${i + 1}\t${score}\t${tag}\n`;
    }
  }
}

/** Texts without ids are their own. */
function expectColumn(id: string, side: string): void {
  if (!/[\t\r\n]|^\s|\s$|^$/.test(id)) return;
  throw new AttuneError({
    code: "E_TEXT",
    place: `${side} ${show(id)}`,
    problem: "cannot be an id in a TREC run: it is empty, begins or ends with a space, or has a tab or a line break",
    hint: "give the texts ids, as a BEIR folder does",
  });
}

async function* readColumns(files: Files, path: string): AsyncGenerator<{ number: number; cells: string[] }> {
  for await (const { number, text } of readLines(files, path)) {
    if (text === undefined) throw rowError(path, number, { expected: "UTF-8 text", got: "other bytes" });
    const line = text.trim();
    if (line !== "") yield { number, cells: line.split(line.includes("\t") ? "\t" : /\s+/) };
  }
}

function hitsOf(found: ReadonlyMap<string, number>): Hit[] {
  return Array.from(found, ([document, score]) => ({ document, score }));
}

function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function numberOf(text: string, { path, line, what }: { path: string; line: number; what: string }): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value)) return value;
  throw rowError(path, line, { key: what, expected: "a number", got: show(text) });
}

function badLine(path: string, line: number, expected: string, cells: readonly string[]): AttuneError {
  return rowError(path, line, { expected, got: show(cells.join(" ")) });
}

function twice(path: string, line: number, query: string, document: string): AttuneError {
  const got = `${JSON.stringify(document)} again`;
  return rowError(path, line, { expected: `each document once for the query ${JSON.stringify(query)}`, got });
}
