// Documents ordered by their score with one query. They come as a stream and only the best are kept, so a list may be longer than memory.

import type { PairScorer } from "@attune/search";

/** A document with its score and its place in the input, from 0. */
export interface Ranked<Document> {
  readonly index: number;
  readonly score: number;
  readonly document: Document;
}

export interface RankOptions {
  /** Documents that are kept; all when left out. */
  readonly topK?: number | undefined;
}

/** Documents that are scored together, so that a scorer can sort them by length. */
const PIECE = 4096;

/** The documents, best first, those of equal score in input order; and how many there were. */
export async function rankDocuments<Document extends { readonly text: string }>(
  query: string,
  documents: AsyncIterable<Document>,
  score: PairScorer,
  { topK }: RankOptions = {},
): Promise<{ ranked: Ranked<Document>[]; count: number }> {
  let best: Ranked<Document>[] = [];
  let count = 0;
  for await (const piece of pieces(documents)) {
    const scores = await score(piece.map(({ text }) => ({ query, document: text })));
    for (const [i, document] of piece.entries()) best.push({ index: count + i, score: scores[i], document });
    count += piece.length;
    if (topK !== undefined) best = best.toSorted(byScore).slice(0, topK);
  }
  return { ranked: best.toSorted(byScore), count };
}

function byScore(a: { score: number; index: number }, b: { score: number; index: number }): number {
  return b.score - a.score || a.index - b.index;
}

async function* pieces<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let piece: T[] = [];
  for await (const item of items) {
    piece.push(item);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
