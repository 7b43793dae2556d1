// A retrieval task: queries, a corpus, and judgements. From a folder, from rows and passages, or from rows that were held out of training.

import {
  documentKey,
  expectBeirFolder,
  isFlagEmbeddingFolder,
  labelOf,
  readCorpus,
  readFlagEmbeddingFolder,
  readPassages,
  readQrels,
  readQueries,
  rowError,
  stopAtBadRow,
  textOf,
  unknownId,
  type Judgement,
  type Row,
  type Text,
} from "@attune/data";
import { AttuneError, type Files } from "@attune/core";
import { readMeasuredRows } from "./measured-rows.ts";
import type { Qrels } from "./run.ts";

export interface RetrievalSet {
  /** Id -> text, only those that have judgements. */
  readonly queries: ReadonlyMap<string, string>;
  /** Id -> text. */
  readonly corpus: ReadonlyMap<string, string>;
  readonly qrels: Qrels;
}

/** Where a retrieval task is. */
export interface RetrievalSource {
  /** A folder, a file of rows, or a pattern of such files. */
  readonly data: string;
  /** Of a folder. */
  readonly split?: string | undefined;
  /** File of passages that the rows' positives are found among. */
  readonly corpus?: string | undefined;
}

/** A retrieval task of any form. E_OPTION for passages beside a folder, which has its own; else as the readers below and `loadRows`. */
export async function openRetrievalSet(files: Files, { data, split, corpus }: RetrievalSource): Promise<RetrievalSet> {
  const isFolder = (await files.status(data))?.kind === "folder"; // else a file, or a pattern of files
  if (corpus !== undefined && isFolder) {
    const problem = `is for a file of rows, and ${data} is none: a folder has a corpus of its own`;
    throw new AttuneError({ code: "E_OPTION", place: "--corpus", problem });
  }
  if (corpus !== undefined) return readMatchedSet(files, data, corpus);
  return isFolder ? readRetrievalSet(files, data, split) : retrievalSetOf(await readMeasuredRows(files, data));
}

/**
 * Reads a folder in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/<split>.tsv) or in that of FlagEmbedding's custom evaluation sets. A document
 * is title and text with a space between.
 * E_NO_FILE, E_LAYOUT, E_EMPTY (no judgements); E_ROW with file and line for bad lines and for judgements of unknown ids.
 */
export async function readRetrievalSet(files: Files, folder: string, split = "test"): Promise<RetrievalSet> {
  if (await isFlagEmbeddingFolder(files, folder, split)) return readFlagEmbeddingSet(files, folder, split);
  await expectBeirFolder(files, folder, split);
  const judgements = await readJudgements(files, folder, split);
  const queries = await readQueries(files, folder, { onBadRow: stopAtBadRow, wanted: new Set(judgements.map(({ query }) => query)) });
  const corpus = await readCorpus(files, folder, { onBadRow: stopAtBadRow });
  return { queries, corpus, qrels: judged(judgements, { queries, corpus }, unknownId) };
}

/** The judgements of a split of a BEIR folder; of one that comes twice the later counts. E_NO_FILE, E_EMPTY, E_ROW. */
export async function readFolderQrels(files: Files, folder: string, split: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>();
  for (const { query, document, relevance } of await readJudgements(files, folder, split)) judge(qrels, query, document, relevance);
  return qrels;
}

async function readJudgements(files: Files, folder: string, split: string): Promise<Judgement[]> {
  const judgements = await readQrels(files, folder, split, { onBadRow: stopAtBadRow });
  if (judgements.length > 0) return judgements;
  throw new AttuneError({ code: "E_EMPTY", place: `${folder}/qrels/${split}.tsv`, problem: "has no judgements" });
}

async function readFlagEmbeddingSet(files: Files, folder: string, split: string): Promise<RetrievalSet> {
  const { judgements, ...texts } = await readFlagEmbeddingFolder(files, folder, split, { onBadRow: stopAtBadRow });
  if (judgements.length === 0)
    throw new AttuneError({ code: "E_EMPTY", place: `${folder}/${split}_qrels.jsonl`, problem: "has no judgements" });
  const qrels = judged(judgements, texts, ({ path, line, ...judgement }, side) => {
    const [key, file] = side === "query" ? ["qid", `${split}_queries.jsonl`] : ["docid", "corpus.jsonl"];
    return rowError(path, line, { key, expected: `an id of ${file}`, got: JSON.stringify(judgement[side]) });
  });
  return { queries: new Map([...texts.queries].filter(([id]) => qrels.has(id))), corpus: texts.corpus, qrels };
}

/**
 * Queries of a file of rows over a file of passages, matched by text, as FlagEmbedding's MS MARCO evaluation does: a positive that is no passage
 * is E_ROW, since it could never be found. A pair with a label of 0 or less has none. Passages that come twice are one.
 */
export async function readMatchedSet(files: Files, data: string, corpusPath: string): Promise<RetrievalSet> {
  const rows = await readMeasuredRows(files, data);
  const passages = await readPassages(files, corpusPath);
  const ids = new Map<string, string>();
  passages.forEach((text, i) => ids.has(text) || ids.set(text, String(i)));
  const idOfPassage = (positive: Text, row: number): string => {
    const text = textOf(positive);
    const id = ids.get(text);
    if (id !== undefined) return id;
    throw new AttuneError({
      code: "E_ROW",
      place: `${data}, row ${row + 1}`,
      expected: `positives that are passages of ${corpusPath}, letter by letter`,
      got: JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text),
    });
  };
  return { ...answersOf(rows, idOfPassage), corpus: new Map([...ids].map(([text, id]) => [id, text])) };
}

/** Judgements by query; `unknown` makes the error for an id that the texts do not have. */
function judged(
  judgements: readonly Judgement[],
  { queries, corpus }: Pick<RetrievalSet, "queries" | "corpus">,
  unknown: (judgement: Judgement, side: "query" | "document") => AttuneError,
): Map<string, Map<string, number>> {
  const qrels = new Map<string, Map<string, number>>();
  for (const judgement of judgements) {
    const { query, document, relevance } = judgement;
    if (!queries.has(query)) throw unknown(judgement, "query");
    if (!corpus.has(document)) throw unknown(judgement, "document");
    judge(qrels, query, document, relevance);
  }
  return qrels;
}

/**
 * Rows as a retrieval task: each distinct anchor is a query, its positives are relevant, all positives and negatives are the corpus.
 * A pair with a label of 0 or less is no answer: its second text is only part of the corpus. A text without an id is its own id.
 */
export function retrievalSetOf(rows: readonly Row[]): RetrievalSet {
  const corpus = new Map<string, string>();
  for (const { positives, negatives } of rows) for (const text of [...positives, ...negatives]) corpus.set(ownId(text), textOf(text));
  return { ...answersOf(rows, ownId), corpus };
}

function ownId(text: Text): string {
  return documentKey(text) ?? textOf(text);
}

/** Each distinct anchor with its positives, whose ids are looked up; pairs with a label of 0 or less are no answers. */
function answersOf(rows: readonly Row[], idOfPositive: (positive: Text, row: number) => string): Pick<RetrievalSet, "queries" | "qrels"> {
  const queries = new Map<string, string>();
  const qrels = new Map<string, Map<string, number>>();
  for (const [number, row] of rows.entries()) {
    if ((labelOf(row) ?? 1) <= 0) continue;
    queries.set(row.anchor, row.anchor);
    for (const positive of row.positives) judge(qrels, row.anchor, idOfPositive(positive, number), 1);
  }
  return { queries, qrels };
}

function judge(qrels: Map<string, Map<string, number>>, query: string, document: string, relevance: number): void {
  const judged = qrels.get(query) ?? new Map<string, number>();
  qrels.set(query, judged.set(document, relevance));
}
