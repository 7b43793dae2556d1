// BM25 over an inverted index: the lexical baseline that a trained model has to beat, and a source of hard negatives. All in memory.

import { wordTokens } from "./tokenizers.ts";

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
  /** The scores of some documents, in their order; 0 for those that share no term with the query. */
  score(query: string, documents: ArrayLike<number>): Float64Array;
}

/** Documents are added one by one, so that a corpus may be read piece by piece; `build` ends it. */
export interface Bm25Builder {
  add(document: string): void;
  build(): Bm25;
}

/** The documents that have a term, by position, and how often each has it; later what the term adds to its score. */
interface Postings {
  readonly documents: number[];
  readonly counts: number[];
}

interface Weighted {
  readonly documents: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Indexes documents. Per query token (repeats count) and document: idf · tf·(k1 + 1) / (tf + k1·(1 − b + b·length / mean length)), with Lucene's
 * idf = ln(1 + (N − df + 0.5) / (df + 0.5)), which is never negative. Lengths are exact; empty documents count in N and in the mean.
 * @see Robertson and Zaragoza 2009, "The probabilistic relevance framework: BM25 and beyond"
 */
export function createBm25(documents: Iterable<string>, options?: Bm25Options): Bm25 {
  const builder = bm25Builder(options);
  for (const document of documents) builder.add(document);
  return builder.build();
}

/** An index that grows; scores as `createBm25`. */
export function bm25Builder({ k1 = 0.9, b = 0.4, tokenize = wordTokens }: Bm25Options = {}): Bm25Builder {
  const lengths: number[] = [];
  const postings = new Map<string, Postings>();
  return {
    add(document) {
      const tokens = tokenize(document);
      for (const token of tokens) count(postings, token, lengths.length);
      lengths.push(tokens.length);
    },
    build() {
      const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
      const saturation = lengths.map((length) => k1 * (1 - b + (b * length) / meanLength));
      const index = new Map<string, Weighted>();
      for (const [token, { documents, counts }] of postings) {
        const idf = Math.log(1 + (lengths.length - documents.length + 0.5) / (documents.length + 0.5));
        const weights = Float64Array.from(counts, (tf, i) => (idf * tf * (k1 + 1)) / (tf + saturation[documents[i]]));
        index.set(token, { documents: Int32Array.from(documents), weights });
        postings.delete(token); // so that there are never two whole indexes
      }
      return searcher(index, lengths.length, tokenize);
    },
  };
}

/** Texts by id. */
export interface SearchTexts {
  readonly queries: ReadonlyMap<string, string>;
  readonly corpus: ReadonlyMap<string, string>;
}

/** The `k` best documents of every query, by id, best first. */
export function bm25Run(
  { queries, corpus }: SearchTexts,
  k: number,
  options?: Bm25Options,
): Map<string, { document: string; score: number }[]> {
  const ids = [...corpus.keys()];
  const bm25 = createBm25(corpus.values(), options);
  const hitsOf = (text: string) => bm25.search(text, k).map(({ index, score }) => ({ document: ids[index], score }));
  return new Map([...queries].map(([id, text]) => [id, hitsOf(text)]));
}

/** Documents come in order, so a document that has the term already is the last of its postings. */
function count(index: Map<string, Postings>, token: string, document: number): void {
  const postings = index.get(token);
  if (!postings) index.set(token, { documents: [document], counts: [1] });
  else if (postings.documents.at(-1) === document) postings.counts[postings.counts.length - 1]++;
  else {
    postings.documents.push(document);
    postings.counts.push(1);
  }
}

/** Searches with one accumulator per document, cleared through the list of those that were touched. */
function searcher(index: ReadonlyMap<string, Weighted>, size: number, tokenize: (text: string) => string[]): Bm25 {
  const scores = new Float64Array(size);
  const touched = new Int32Array(size);
  const accumulate = (query: string): Int32Array => {
    let count = 0;
    for (const token of tokenize(query)) {
      const { documents, weights } = index.get(token) ?? NO_POSTINGS;
      for (let i = 0; i < documents.length; i++) {
        if (scores[documents[i]] === 0) touched[count++] = documents[i];
        scores[documents[i]] += weights[i];
      }
    }
    return touched.subarray(0, count);
  };
  const withScores = <Result>(query: string, use: (hit: Int32Array) => Result): Result => {
    const hit = accumulate(query);
    const result = use(hit);
    for (const document of hit) scores[document] = 0;
    return result;
  };
  return {
    search: (query, k) => withScores(query, (hit) => best(scores, hit, k)),
    score: (query, documents) => withScores(query, () => Float64Array.from(documents, (document) => scores[document])),
  };
}

const NO_POSTINGS: Weighted = { documents: new Int32Array(), weights: new Float64Array() };

/** Sorts only what is at least as good as the k-th best of any earlier part: a few times k entries instead of all. */
function best(scores: Float64Array, hit: Int32Array, k: number): Bm25Hit[] {
  let kept: Bm25Hit[] = [];
  let least = 0;
  const cut = (): void => {
    kept = kept.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, k);
    if (kept.length === k && k > 0) least = kept[k - 1].score;
  };
  for (const index of hit) {
    if (scores[index] < least) continue;
    kept.push({ index, score: scores[index] });
    if (kept.length >= 4 * k + 64) cut();
  }
  cut();
  return kept;
}
