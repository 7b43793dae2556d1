// A retrieval task: queries, a corpus, and judgements. From a BEIR folder, or from rows that were held out of training.

import { expectBeirFolder, idOf, readCorpus, readQrels, readQueries, textOf, unknownId, type Row } from "@attune/data";
import { AttuneError, type Files } from "@attune/core";
import type { Qrels } from "./run.ts";

export interface RetrievalSet {
  /** Id -> text, only those that have judgements. */
  readonly queries: ReadonlyMap<string, string>;
  /** Id -> text. */
  readonly corpus: ReadonlyMap<string, string>;
  readonly qrels: Qrels;
}

/**
 * Reads a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/<split>.tsv. A document is title and text with a space between.
 * E_NO_FILE, E_LAYOUT, E_EMPTY (no judgements); E_ROW with file and line for bad lines and for judgements of unknown ids.
 */
export async function readRetrievalSet(files: Files, folder: string, split = "test"): Promise<RetrievalSet> {
  await expectBeirFolder(files, folder, split);
  const onBadRow = stopAt;
  const judgements = await readQrels(files, folder, split, { onBadRow });
  if (judgements.length === 0)
    throw new AttuneError({ code: "E_EMPTY", place: `${folder}/qrels/${split}.tsv`, problem: "has no judgements" });
  const queries = await readQueries(files, folder, { onBadRow, wanted: new Set(judgements.map(({ query }) => query)) });
  const corpus = await readCorpus(files, folder, { onBadRow });
  const qrels = new Map<string, Map<string, number>>();
  for (const judgement of judgements) {
    const { query, document, relevance } = judgement;
    if (!queries.has(query)) throw withoutHint(unknownId(judgement, "query"));
    if (!corpus.has(document)) throw withoutHint(unknownId(judgement, "document"));
    judge(qrels, query, document, relevance);
  }
  return { queries, corpus, qrels };
}

/**
 * Rows as a retrieval task: each distinct anchor is a query, its positives are relevant, all positives and negatives are the corpus.
 * A text without an id is its own id.
 */
export function retrievalSetOf(rows: readonly Row[]): RetrievalSet {
  const queries = new Map<string, string>();
  const corpus = new Map<string, string>();
  const qrels = new Map<string, Map<string, number>>();
  for (const { anchor, positives, negatives } of rows) {
    queries.set(anchor, anchor);
    for (const text of [...positives, ...negatives]) corpus.set(idOf(text) ?? textOf(text), textOf(text));
    for (const text of positives) judge(qrels, anchor, idOf(text) ?? textOf(text), 1);
  }
  return { queries, corpus, qrels };
}

function judge(qrels: Map<string, Map<string, number>>, query: string, document: string, relevance: number): void {
  const judged = qrels.get(query) ?? new Map<string, number>();
  qrels.set(query, judged.set(document, relevance));
}

/** Evaluation data is never skipped over: figures would not be comparable. */
function stopAt(error: AttuneError): never {
  throw withoutHint(error);
}

function withoutHint({ code, place, expected, got }: AttuneError): AttuneError {
  return new AttuneError({ code: code as `E_${string}`, place, expected, got });
}
