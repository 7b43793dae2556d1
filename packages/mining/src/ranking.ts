// Ranked candidates of many queries in two flat arrays. Merges and fuses rankings; where scores come from is not its business.

/** The best documents of each query, best first. */
export interface Ranking {
  /** Places per query. */
  readonly width: number;
  /** [Q width] Rows of the corpus; -1 after the last of a query that has fewer. */
  readonly documents: Int32Array;
  /** [Q width] */
  readonly scores: Float32Array;
}

/** Pairs of a query and a document, by number. */
export interface Pairs {
  readonly queries: Int32Array;
  readonly documents: Int32Array;
}

export function emptyRanking(queries: number, width: number): Ranking {
  return { width, documents: new Int32Array(queries * width).fill(-1), scores: new Float32Array(queries * width).fill(-Infinity) };
}

/** The ranking of all queries, which is its own only part. */
export async function onlyPart(parts: AsyncGenerator<Ranking>): Promise<Ranking> {
  const [ranking] = await Array.fromAsync(parts);
  return ranking;
}

/** Takes the better ones of `more` into `best`. The documents of `more` come after those of `best`, so ties stay behind. */
export function mergeRanking(best: Ranking, more: Ranking): void {
  const { width, documents, scores } = best;
  const [oldDocuments, oldScores] = [new Int32Array(width), new Float32Array(width)];
  for (let query = 0; query * width < documents.length; query++) {
    const [into, from] = [query * width, query * more.width];
    if (more.scores[from] <= scores[into + width - 1]) continue; // nothing of it is better than the last
    oldDocuments.set(documents.subarray(into, into + width));
    oldScores.set(scores.subarray(into, into + width));
    for (let at = 0, old = 0, fresh = 0; at < width; at++) {
      const takeFresh = fresh < more.width && more.scores[from + fresh] > oldScores[old];
      scores[into + at] = takeFresh ? more.scores[from + fresh] : oldScores[old];
      documents[into + at] = takeFresh ? more.documents[from + fresh++] : oldDocuments[old++];
    }
  }
}

/**
 * Reciprocal rank fusion: a document's weight is the sum of 1 / (60 + rank) over the rankings that have it; ties by the first ranking's order.
 * Gives the documents of a query alone, at most `width` of them.
 * @see Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods"
 */
export function fuseRankings(rankings: readonly Ranking[], query: number, width: number): number[] {
  const weights = new Map<number, number>();
  for (const ranking of rankings) {
    for (const [rank, document] of candidatesOf(ranking, query).entries()) {
      weights.set(document, (weights.get(document) ?? 0) + 1 / (FUSION + rank + 1));
    }
  }
  return [...weights]
    .sort((a, b) => b[1] - a[1])
    .slice(0, width)
    .map(([document]) => document);
}

const FUSION = 60;

/** Of documents [Q width] the places that hold one, ascending. */
export function placesOf(documents: Int32Array): Int32Array {
  const places = new Int32Array(documents.length);
  let count = 0;
  for (let place = 0; place < documents.length; place++) if (documents[place] >= 0) places[count++] = place;
  return places.subarray(0, count);
}

/** The documents of one query, best first. */
export function candidatesOf({ width, documents }: Ranking, query: number): Int32Array {
  const row = documents.subarray(query * width, (query + 1) * width);
  const end = row.indexOf(-1);
  return end < 0 ? row : row.subarray(0, end);
}
