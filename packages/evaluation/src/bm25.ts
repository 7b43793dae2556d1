// BM25 over an inverted index: the lexical baseline that a trained model has to beat. No stemming, no stop words, all in memory.

import type { RetrievalSet } from "./retrieval-set.ts";
import type { Hit, Run } from "./run.ts";

export interface Bm25Options {
  /** Saturation of the term frequency. */
  readonly k1?: number;
  /** How much the length of a document counts. */
  readonly b?: number;
  readonly tokenize?: (text: string) => string[];
}

/** A document by position and its score. */
export interface Bm25Hit {
  readonly index: number;
  readonly score: number;
}

export interface Bm25 {
  /** The `k` best documents that share a term with the query, best first, ties by position. */
  search(query: string, k: number): Bm25Hit[];
}

/** The documents that have a term, by position, and what the term adds to the score of each. */
interface Postings {
  readonly documents: number[];
  readonly weights: number[];
}

/** Lower-cased runs of letters and digits of any script. */
export function wordTokens(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * Indexes documents. Per query token (repeats count) and document: idf · tf·(k1 + 1) / (tf + k1·(1 − b + b·length / mean length)), with Lucene's
 * idf = ln(1 + (N − df + 0.5) / (df + 0.5)), which is never negative. Lengths are exact; empty documents count in N and in the mean.
 * @see Robertson and Zaragoza 2009, "The probabilistic relevance framework: BM25 and beyond"
 */
export function createBm25(documents: readonly string[], { k1 = 0.9, b = 0.4, tokenize = wordTokens }: Bm25Options = {}): Bm25 {
  const lengths: number[] = [];
  const index = new Map<string, Postings>();
  for (const [document, text] of documents.entries()) {
    const tokens = tokenize(text);
    lengths.push(tokens.length);
    for (const token of tokens) count(index, token, document);
  }
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  for (const { documents: having, weights } of index.values()) {
    const idf = Math.log(1 + (lengths.length - having.length + 0.5) / (having.length + 0.5));
    for (const [i, document] of having.entries()) {
      weights[i] = (idf * weights[i] * (k1 + 1)) / (weights[i] + k1 * (1 - b + (b * lengths[document]) / meanLength));
    }
  }
  return { search: (query, k) => best(scoresOf(index, tokenize(query)), k) };
}

/** The `k` best hits of every query of a set. */
export function bm25Run({ queries, corpus }: RetrievalSet, k: number, options?: Bm25Options): Run {
  const ids = [...corpus.keys()];
  const bm25 = createBm25([...corpus.values()], options);
  const hitsOf = (text: string): Hit[] => bm25.search(text, k).map(({ index, score }) => ({ document: ids[index], score }));
  return new Map([...queries].map(([id, text]) => [id, hitsOf(text)]));
}

/** Documents come in order, so a document that has the term already is the last of its postings. */
function count(index: Map<string, Postings>, token: string, document: number): void {
  const postings = index.get(token);
  if (!postings) index.set(token, { documents: [document], weights: [1] });
  else if (postings.documents.at(-1) === document) postings.weights[postings.weights.length - 1]++;
  else {
    postings.documents.push(document);
    postings.weights.push(1);
  }
}

function scoresOf(index: ReadonlyMap<string, Postings>, tokens: readonly string[]): Map<number, number> {
  const scores = new Map<number, number>();
  for (const token of tokens) {
    const { documents, weights } = index.get(token) ?? { documents: [], weights: [] };
    for (let i = 0; i < documents.length; i++) scores.set(documents[i], (scores.get(documents[i]) ?? 0) + weights[i]);
  }
  return scores;
}

function best(scores: ReadonlyMap<number, number>, k: number): Bm25Hit[] {
  const hits = Array.from(scores, ([index, score]) => ({ index, score }));
  return hits.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, k);
}
