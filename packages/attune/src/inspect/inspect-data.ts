// Facts about training rows, or about a folder in the layout of BEIR or of FlagEmbedding's evaluation sets. Changes nothing and needs no device.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { findFiles, flagEmbeddingSplits, inspectBeir, inspectFlagEmbedding, readRows, RowSurvey, textOf } from "@attune/data";
import type { Finding, RetrievalFacts, RowFacts, RowFormat, RowPlace } from "@attune/data";
import { lengthsOf } from "./lengths.ts";
import type { LengthFacts } from "./lengths.ts";

/** What measures texts: a model's tokenizer, or words. */
export interface Ruler {
  readonly unit: "tokens" | "words";
  /** What a text's length is, special tokens and the side's prompt included. */
  lengthOf(text: string, side: "query" | "document"): number;
  readonly limit?: number | undefined;
}

export interface DataFacts {
  readonly kind: "rows" | "beir" | "flag-embedding";
  readonly path: string;
  readonly files: readonly { readonly path: string; readonly format: RowFormat; readonly rows: number }[];
  readonly rows?: RowFacts;
  readonly beir?: FolderFacts;
  readonly flagEmbedding?: FolderFacts;
  readonly unit: Ruler["unit"];
  readonly limit?: number | undefined;
  /** "anchors", "positives", "negatives", "queries", "documents" */
  readonly lengths: Readonly<Record<string, LengthFacts>>;
  readonly findings: readonly Finding[];
}

/** What is in a folder of queries, documents and judgements. */
export type FolderFacts = Omit<RetrievalFacts, "texts" | "findings">;

/** Batch sizes that people use. */
const BATCHES = [16, 64, 256, 1024];

export interface InspectOptions {
  readonly columns?: Readonly<Record<string, string>> | undefined;
  readonly ruler: Ruler;
  /** Hears how many rows are read. */
  readonly onProgress?: (rows: number) => void;
}

/** Reads everything once. E_NO_FILE, E_LAYOUT, E_EMPTY, E_GZIP, E_OPTION for columns of a folder; bad rows are findings. */
export async function inspectData(files: Files, path: string, options: InspectOptions): Promise<DataFacts> {
  if ((await files.status(path))?.kind === "folder") return inspectFolder(files, path, options);
  const survey = new RowSurvey();
  const seen = new Seen();
  const found: DataFacts["files"][number][] = [];
  for (const file of await findFiles(files, path)) found.push(await readFile(files, file, { ...options, survey, seen }));
  const rows = survey.facts(BATCHES);
  return { ...rowFacts(path, rows, seen, options.ruler), files: found };
}

function rowFacts(path: string, rows: RowFacts, seen: Seen, ruler: Ruler): DataFacts {
  const { findings, ...facts } = rows;
  return {
    kind: "rows",
    path,
    files: [],
    rows: { ...facts, findings },
    unit: ruler.unit,
    limit: ruler.limit,
    lengths: seen.lengths(ruler),
    findings,
  };
}

async function readFile(
  files: Files,
  path: string,
  { columns, survey, seen, onProgress }: InspectOptions & { survey: RowSurvey; seen: Seen },
): Promise<DataFacts["files"][number]> {
  let format: RowFormat | undefined;
  let place: RowPlace = { path, line: 0 };
  let rows = 0;
  const reading = readRows(files, path, {
    ...(columns && { columns }),
    onBadRow: ({ place: at, expected, got }) => survey.addBad(`${at ?? path}: expected ${expected}, got ${got}`),
    onFormat: (one) => (format = one),
    onPlace: (one) => (place = one),
  });
  try {
    for await (const row of reading) {
      survey.add(row, `${place.path}:${place.line}`);
      seen.add("anchors", row.anchor);
      for (const text of row.positives) seen.add("positives", textOf(text));
      for (const text of row.negatives) seen.add("negatives", textOf(text));
      if (++rows % 1000 === 0) onProgress?.(rows);
    }
  } catch (error) {
    // A file of bad rows alone is a finding, too.
    if (!(error instanceof AttuneError && error.code === "E_EMPTY" && format)) throw error;
  }
  return { path, format: format!, rows };
}

async function inspectFolder(files: Files, path: string, { columns, ruler }: InspectOptions): Promise<DataFacts> {
  if (columns) {
    const problem = `is for files of rows, and ${path} is a folder, whose columns have their names`;
    throw new AttuneError({ code: "E_OPTION", place: "--columns", problem });
  }
  const splits = (await files.status(joinPath(path, "queries.jsonl"))) ? [] : await flagEmbeddingSplits(files, path);
  const read = splits.length === 0 ? inspectBeir(files, path) : inspectFlagEmbedding(files, path, splits);
  const { texts, findings, ...facts } = await read;
  const seen = new Seen();
  for (const text of texts.queries) seen.add("queries", text);
  for (const text of texts.documents) seen.add("documents", text);
  const known = splits.length === 0 ? { kind: "beir" as const, beir: facts } : { kind: "flag-embedding" as const, flagEmbedding: facts };
  return { ...known, path, files: [], unit: ruler.unit, limit: ruler.limit, lengths: seen.lengths(ruler), findings };
}

/** Texts by what they are in their row, each once. */
class Seen {
  readonly #texts = new Map<string, Set<string>>();

  add(kind: string, text: string): void {
    const texts = this.#texts.get(kind) ?? new Set();
    this.#texts.set(kind, texts.add(text));
  }

  lengths({ lengthOf, limit }: Ruler): Record<string, LengthFacts> {
    const found: Record<string, LengthFacts> = {};
    for (const [kind, texts] of this.#texts) {
      const side = kind === "anchors" || kind === "queries" ? "query" : "document";
      found[kind] = lengthsOf([...texts], (text) => lengthOf(text, side), limit)!;
    }
    return found;
  }
}
