// What each query found: its best right answer against its best wrong one, from embeddings and a run that are there already.

import type { Answer, QueryAnswers } from "./evaluator.ts";
import type { RetrievalSet } from "./retrieval-set.ts";
import type { Run } from "./run.ts";

interface Embeddings {
  /** [Q D] in the order of the set. */
  readonly queries: Float32Array;
  /** [N D] in the order of the set. */
  readonly corpus: Float32Array;
  /** D */
  readonly dimension: number;
  /** The document whose id is that of the query is no answer. */
  readonly ignoreIdenticalIds?: boolean;
}

/**
 * The answers of each query, in the order of the set. A right one is scored wherever it lies; the wrong one is the first hit that is not
 * relevant, and a query whose hits are all relevant is left out. Both are scored here: an index may know its hits only roughly.
 */
export function queryAnswers({ queries, corpus, qrels }: RetrievalSet, run: Run, embeddings: Embeddings): QueryAnswers[] {
  const rowOf = new Map([...corpus.keys()].map((id, row) => [id, row]));
  return [...queries].flatMap(([id, query], row) => {
    const itself = embeddings.ignoreIdenticalIds ? id : undefined;
    const judged = [...(qrels.get(id) ?? [])].filter(([document, relevance]) => relevance > 0 && document !== itself);
    const relevant = new Set(judged.map(([document]) => document));
    const wrong = run.get(id)?.find(({ document }) => rowOf.has(document) && !relevant.has(document) && document !== itself);
    if (!wrong || relevant.size === 0) return [];
    const answerOf = (document: string): Answer => ({
      text: corpus.get(document)!,
      score: similarity(embeddings, row, rowOf.get(document)!),
    });
    const right = [...relevant].map(answerOf).reduce((best, one) => (one.score > best.score ? one : best));
    return [{ query, right, wrong: answerOf(wrong.document) }];
  });
}

function similarity({ queries, corpus, dimension }: Embeddings, query: number, document: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += queries[query * dimension + i] * corpus[document * dimension + i];
  return sum;
}
