// The queries on which two models differ most, in words: the question, and what either found first.

import type { Evaluation, PairedComparison, QueryChange } from "@attune/evaluation";
import type { ChangedQuery, FoundText } from "@attune/report";

/** The largest wins, then the largest losses, each at most `most`, the largest first. */
export function changedQueries(
  { changes, wins, losses }: PairedComparison,
  { before, after }: { before: Evaluation; after: Evaluation },
  most: number,
): { wins: ChangedQuery[]; losses: ChangedQuery[] } {
  const told = (change: QueryChange): ChangedQuery => inWords(change, before, after);
  return {
    wins: changes.slice(0, Math.min(most, wins)).map(told),
    losses: changes
      .slice(changes.length - Math.min(most, losses))
      .toReversed()
      .map(told),
  };
}

function inWords({ query, base, tuned }: QueryChange, before: Evaluation, after: Evaluation): ChangedQuery {
  const [firstBefore, firstAfter] = [firstOf(before, query), firstOf(after, query)];
  return {
    query: (after.set?.queries ?? after.queries)?.get(query) ?? query,
    before: base,
    after: tuned,
    ...(firstBefore && { firstBefore }),
    ...(firstAfter && { firstAfter }),
  };
}

function firstOf({ run, set }: Evaluation, query: string): FoundText | undefined {
  const hit = run?.get(query)?.[0];
  if (!hit || !set) return undefined;
  const text = set.corpus.get(hit.document);
  if (text === undefined) return undefined; // an index may find what this set does not have
  return { text, right: (set.qrels.get(query)?.get(hit.document) ?? 0) > 0 };
}
