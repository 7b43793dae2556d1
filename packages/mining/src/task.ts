// What is to be mined: distinct queries with their positives, and the documents that may become negatives. No vectors, no scores.

import { AttuneError, show } from "@attune/core";
import { textOf, type Row } from "@attune/data";
import { appendDocuments, memoryCorpus, type Corpus } from "./corpus.ts";
import { textKey } from "./text-hash.ts";

/** A document that answers a query, by its row in the corpus and as the data spells it. */
export interface Positive {
  readonly document: number;
  readonly text: string;
}

export interface MiningQuery {
  readonly text: string;
  /** Distinct, in the order of the data. */
  readonly positives: readonly Positive[];
  /** The first row that asks it, and that row's number. */
  readonly row: Row;
  readonly rowNumber: number;
}

export interface MiningTask {
  /** Distinct, in the order of the data. */
  readonly queries: readonly MiningQuery[];
  readonly corpus: Corpus;
  /** [N] `textKey` of each document, so that texts can be compared without holding them. */
  readonly keys: Float64Array;
  /** Positives that the given corpus did not have; they are its last documents. */
  readonly appended: number;
  /** Rows of data, those without a positive included. */
  readonly rows: number;
  /** Rows with a score of the pair, which count as positives whatever it is. */
  readonly scored: number;
  /** The most positives that the rows of one query name. */
  readonly maxPositives: number;
}

/**
 * Rows with the same anchor are one query with all their positives. Without a corpus the documents are the texts of the rows, positives and
 * negatives, each once; with one, its documents and those positives that it lacks. Pairs with a label of 0 or less are no positives. E_EMPTY without any positive.
 */
export async function miningTaskOf(rows: readonly Row[], given?: Corpus): Promise<MiningTask> {
  const asked = groupByAnchor(rows);
  if (asked.size === 0) {
    throw new AttuneError({
      code: "E_EMPTY",
      place: "mining",
      problem: "no row has a positive",
      hint: "pairs with a label of 0 or less are not mined for",
    });
  }
  const base = given ?? memoryCorpus([...new Set(rows.flatMap((row) => [...row.positives, ...row.negatives].map(textOf)))]);
  const wanted = new Set([...asked.values()].flatMap(({ positives }) => positives));
  const { rowOf, keys } = await findTexts(base, wanted);
  const missing = [...wanted].filter((text) => !rowOf.has(text));
  for (const [i, text] of missing.entries()) rowOf.set(text, base.size + i);
  return {
    queries: [...asked].map(([text, { positives, row, rowNumber }]) => ({ text, positives: distinct(positives, rowOf), row, rowNumber })),
    corpus: appendDocuments(base, missing),
    keys: Float64Array.from([...keys, ...missing.map(textKey)]),
    appended: missing.length,
    rows: rows.length,
    scored: rows.filter(({ score }) => score !== undefined).length,
    maxPositives: [...asked.values()].reduce((most, { positives }) => Math.max(most, positives.length), 0),
  };
}

/** E_VECTORS for a positive without a document of the given corpus; vectors made elsewhere have none for it. */
export function expectNothingAppended({ appended, corpus, queries }: MiningTask): void {
  if (appended === 0) return;
  const first = corpus.size - appended;
  const text = queries.flatMap(({ positives }) => positives).find(({ document }) => document === first)?.text;
  throw new AttuneError({
    code: "E_VECTORS",
    place: "corpus",
    problem: `lacks ${appended} of the positives, so they have no vectors; the first is ${show(text)}`,
    hint: "add them to the corpus and to its embeddings",
  });
}

interface Asked {
  readonly positives: string[];
  readonly row: Row;
  readonly rowNumber: number;
}

function groupByAnchor(rows: readonly Row[]): Map<string, Asked> {
  const asked = new Map<string, Asked>();
  for (const [rowNumber, row] of rows.entries()) {
    if (row.label !== undefined && row.label <= 0) continue; // 0 or -1: no answer
    const query = asked.get(row.anchor) ?? { positives: [], row, rowNumber };
    for (const positive of row.positives) query.positives.push(textOf(positive)); // there may be more than a call takes arguments
    asked.set(row.anchor, query);
  }
  return asked;
}

/** The rows of some texts, exact ones first, else the first one with the same key; and the keys of all. */
async function findTexts(corpus: Corpus, wanted: ReadonlySet<string>): Promise<{ rowOf: Map<string, number>; keys: Float64Array }> {
  const keys = new Float64Array(corpus.size);
  const exact = new Map<string, number>();
  const byKey = new Map<number, number>();
  const wantedKeys = new Set([...wanted].map(textKey));
  let row = 0;
  for await (const piece of corpus.stream()) {
    for (const text of piece) {
      const key = (keys[row] = textKey(text));
      if (wantedKeys.has(key)) {
        if (!byKey.has(key)) byKey.set(key, row);
        if (wanted.has(text) && !exact.has(text)) exact.set(text, row);
      }
      row++;
    }
  }
  const rowOf = new Map<string, number>();
  for (const text of wanted) {
    const found = exact.get(text) ?? byKey.get(textKey(text));
    if (found !== undefined) rowOf.set(text, found);
  }
  return { rowOf, keys };
}

function distinct(texts: readonly string[], rowOf: ReadonlyMap<string, number>): Positive[] {
  const positives = new Map<number, Positive>();
  for (const text of texts) {
    const document = rowOf.get(text)!;
    if (!positives.has(document)) positives.set(document, { document, text });
  }
  return [...positives.values()];
}
