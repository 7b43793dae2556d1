// Hard negatives for every query of a task: rank, filter, choose, and say what was done. Encodes nothing and writes nothing.

import { AttuneError, parseOptions } from "@attune/core";
import type { CandidateSource, TaskVectors } from "./miner.ts";
import { miningOptions, resolveRange, type MiningOptions } from "./options.ts";
import type { PairScorer } from "@attune/search";
import { poolsOf } from "./pools.ts";
import { createReporter, type MiningReport } from "./report.ts";
import { createSelector, type Scored } from "./select.ts";
import type { MiningTask } from "./task.ts";

export interface MineInput {
  readonly task: MiningTask;
  /** An opened miner. */
  readonly candidates: CandidateSource;
  /** Needed for `nearDuplicate`. */
  readonly vectors?: TaskVectors;
  /** Replaces the scores and the order of candidates, and the scores of positives. */
  readonly rescore?: PairScorer;
  readonly signal?: AbortSignal;
}

/** What was found for one query. */
export interface Mined {
  readonly query: number;
  /** In the order of the query's positives. */
  readonly positiveScores: Float32Array;
  /** Best first; fewer than asked for, or none, where not enough were left. */
  readonly negatives: readonly Scored[];
}

export interface MiningResult {
  readonly task: MiningTask;
  /** In the order of the task's queries. */
  readonly mined: readonly Mined[];
  readonly report: MiningReport;
}

/**
 * Mines. The same input and options give the same result. E_OPTION for options that are none, and for `nearDuplicate` without vectors; what the
 * miner throws. Too few candidates are no error: the report counts them.
 */
export async function mine(input: MineInput, options: MiningOptions = {}): Promise<MiningResult> {
  const { task, candidates, vectors, rescore, signal } = input;
  const resolved = parseOptions(miningOptions, options, "mining");
  const nearDuplicates = resolved.nearDuplicate !== undefined;
  if (nearDuplicates && !vectors) throw needsVectors();
  const range = resolveRange(resolved, task.maxPositives);
  const select = createSelector(task, resolved, range);
  const reporter = createReporter(task, resolved, range);
  const ranking = await candidates.rank(range.depth);
  const mined: Mined[] = [];
  for await (const pool of poolsOf({ task, candidates, ranking, rescore, signal, vectors: nearDuplicates ? vectors : undefined })) {
    const selection = select(pool);
    reporter.add(pool, selection);
    mined.push({ query: pool.query, positiveScores: pool.positiveScores, negatives: selection.negatives });
  }
  return { task, mined, report: await reporter.finish() };
}

function needsVectors(): AttuneError {
  return new AttuneError({
    code: "E_OPTION",
    place: "mining nearDuplicate",
    problem: "compares embeddings, and there are none",
    hint: "mine with the miner dense or union",
  });
}
