// Which candidates become negatives: filters, rank range and sampling, in the order that the semantics have.

import { createRandom } from "@attune/core";
import { createFilter, type DropReason, type Pool } from "./filters.ts";
import type { ResolvedMiningOptions, ResolvedRange } from "./options.ts";
import type { MiningTask } from "./task.ts";

/** A document and its score for a query. */
export interface Scored {
  readonly document: number;
  readonly score: number;
}

export interface Selection {
  /** In the order of the ranking. */
  readonly negatives: readonly Scored[];
  /** Of each candidate of the pool, why it was dropped. */
  readonly reasons: readonly (DropReason | undefined)[];
}

/**
 * A function that selects for one query after the other; the cap per document makes the order of queries matter, and nothing else does.
 * Random choices depend on the seed and the query's text alone. Fewer candidates than wanted are fewer negatives.
 * @see sentence_transformers.util.mine_hard_negatives and FlagEmbedding's hn_mine, whose results it gives row for row
 */
export function createSelector(
  task: MiningTask,
  options: ResolvedMiningOptions,
  { from, to }: Pick<ResolvedRange, "from" | "to">,
): (pool: Pool) => Selection {
  const filter = createFilter(task, options);
  const uses = new Map<number, number>();
  return (pool) => {
    const reasons = filter(pool);
    const ranks = Array.from(reasons.keys());
    const eligible = (rank: number): boolean => reasons[rank] === undefined;
    const inRange =
      options.semantics === "flagembedding"
        ? ranks
            .filter((rank) => reasons[rank] !== "repeated")
            .slice(from, to)
            .filter(eligible)
        : ranks.filter(eligible).slice(from, to);
    if (options.sampling === "random") createRandom(options.seed, `mining/${task.queries[pool.query].text}`).shuffle(inRange);
    const taken: number[] = [];
    for (const rank of inRange) {
      if (taken.length === options.negatives) break;
      const document = pool.documents[rank];
      const used = uses.get(document) ?? 0;
      if (options.perDocument !== undefined && used >= options.perDocument) {
        reasons[rank] = "document-cap";
        continue;
      }
      uses.set(document, used + 1);
      taken.push(rank);
    }
    taken.sort((a, b) => a - b);
    return { negatives: taken.map((rank) => ({ document: pool.documents[rank], score: pool.scores[rank] })), reasons };
  };
}
