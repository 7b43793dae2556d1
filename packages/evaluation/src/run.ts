// What retrieval metrics are computed from: judgements on one side, ranked documents on the other. Both by ids, in the words of TREC.

/** Query id -> document id -> relevance; above 0 is relevant. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A document that a search found. */
export interface Hit {
  readonly document: string;
  /** Higher is better. */
  readonly score: number;
}

/** Query id -> its hits, in any order. */
export type Run = ReadonlyMap<string, readonly Hit[]>;
