// Queries with lists of documents, some of them relevant: what a reranker orders. From rows with negatives, or from lists in the order of a search.

import { AttuneError, type Files } from "@attune/core";
import { labelOf, readLines, rowError, textOf, type Row } from "@attune/data";
import { readMeasuredRows } from "./measured-rows.ts";

/** One list. */
export interface RerankingSample {
  readonly query: string;
  readonly positives: readonly string[];
  /** What is not relevant; or, in its place, `documents`. */
  readonly negatives?: readonly string[];
  /** What a search found, in its order, so that the order before and after can be compared. */
  readonly documents?: readonly string[];
}

/**
 * The samples of a file: JSON lines `{query, positive, documents}` with documents in the order of a search, or rows with positives and negatives in any
 * layout that training reads (labelled pairs of one query are one list). E_NO_FILE, E_ROW, E_LAYOUT; E_EMPTY without a relevant document.
 */
export async function readRerankingSamples(
  files: Files,
  path: string,
  columns?: Readonly<Record<string, string>>,
): Promise<RerankingSample[]> {
  const samples = (await hasDocuments(files, path))
    ? await readLists(files, path)
    : samplesOf(await readMeasuredRows(files, path, columns));
  if (samples.some(({ positives }) => positives.length > 0)) return samples;
  throw new AttuneError({
    code: "E_EMPTY",
    place: path,
    problem: "has no relevant document",
    hint: "rows need positives, and negatives to rank them above",
  });
}

/** Rows as lists: each row's positives and negatives, and one list for all labelled pairs of a query. */
export function samplesOf(rows: readonly Row[]): RerankingSample[] {
  const samples: RerankingSample[] = [];
  const pairs = new Map<string, { positives: string[]; negatives: string[] }>();
  for (const row of rows) {
    const label = labelOf(row);
    const [positives, negatives] = [row.positives, row.negatives].map((texts) => texts.map(textOf));
    if (label === undefined || negatives.length > 0) {
      samples.push({ query: row.anchor, positives, negatives });
      continue;
    }
    const list = pairs.get(row.anchor);
    const own = list ?? { positives: [], negatives: [] };
    (label > 0 ? own.positives : own.negatives).push(...positives);
    if (list) continue;
    pairs.set(row.anchor, own);
    samples.push({ query: row.anchor, ...own });
  }
  return samples;
}

/** Whether the first line is an object with "documents". */
async function hasDocuments(files: Files, path: string): Promise<boolean> {
  if ((await files.status(path))?.kind !== "file") return false;
  for await (const { text = "" } of readLines(files, path)) if (/\S/.test(text)) return /^\s*\{.*"documents"\s*:/.test(text);
  return false;
}

async function readLists(files: Files, path: string): Promise<RerankingSample[]> {
  const samples: RerankingSample[] = [];
  for await (const { number: line, text } of readLines(files, path)) {
    if (text === undefined) throw rowError(path, line, { expected: "UTF-8 text", got: "other bytes" });
    if (!/\S/.test(text)) continue;
    const record = objectIn(path, line, text);
    const query = record.query;
    if (typeof query !== "string") throw wrong(path, line, "query", "a string", query);
    const positive = record.positive ?? record.positives ?? record.pos;
    samples.push({
      query,
      positives: texts(path, line, "positive", [positive].flat()),
      documents: texts(path, line, "documents", record.documents, { empty: true }),
    });
  }
  return samples;
}

function objectIn(path: string, line: number, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw rowError(path, line, { expected: "a JSON object", got: JSON.stringify(text.slice(0, 40)) });
}

/** A search may have found nothing. */
function texts(path: string, line: number, key: string, value: unknown, { empty = false } = {}): string[] {
  if (Array.isArray(value) && (empty || value.length > 0) && value.every((one) => typeof one === "string")) return value as string[];
  throw wrong(path, line, key, "a list of strings", value);
}

function wrong(path: string, line: number, key: string, expected: string, value: unknown): AttuneError {
  return rowError(path, line, { key, expected, got: value === undefined ? "nothing" : (JSON.stringify(value)?.slice(0, 60) ?? "") });
}
