// The second stage of a search, as evaluators and miners use it: a model that scores a query with a document. Which model is not known here.

/** A query and a document that may answer it. */
export interface TextPair {
  readonly query: string;
  readonly document: string;
}

/** Scores pairs in their order; higher is better. */
export type PairScorer = (pairs: readonly TextPair[]) => Promise<ArrayLike<number>>;
