// What a search of vectors found, as a run: row numbers become ids.

import type { Neighbours } from "@attune/search";
import type { RetrievalSet } from "./retrieval-set.ts";
import type { Run } from "./run.ts";

/** Hits by query id, both sides numbered in the order of the set. An approximate search may find fewer than it was asked for. */
export function runOfNeighbours({ queries, corpus }: RetrievalSet, { width, index, scores }: Neighbours): Run {
  const documents = [...corpus.keys()];
  const hitsOf = (query: number) =>
    Array.from({ length: width }, (_, i) => query * width + i)
      .filter((at) => index[at] >= 0)
      .map((at) => ({ document: documents[index[at]], score: scores[at] }));
  return new Map([...queries.keys()].map((id, query) => [id, hitsOf(query)]));
}
