// Hard negatives for every query of a task: rank, filter, choose, and say what was done. Encodes nothing and writes nothing.

import { AttuneError, parseOptions, show } from "@attune/core";
import type { CandidateSource, TaskVectors } from "./miner.ts";
import { miningOptions, resolveRange, type MiningOptions, type ResolvedRange } from "./options.ts";
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
 * Mines. The same input and options give the same result. E_OPTION for options that are none, for `nearDuplicate` without vectors, and for rankings
 * that no memory holds; what the miner throws. Too few candidates are no error: the report counts them.
 */
export async function mine(input: MineInput, options: MiningOptions = {}): Promise<MiningResult> {
  const { task, candidates, vectors, rescore, signal } = input;
  const resolved = parseOptions(miningOptions, options, "mining");
  const nearDuplicates = resolved.nearDuplicate !== undefined;
  if (nearDuplicates && !vectors) throw needsVectors();
  const range = expectRoom(task, options);
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

/**
 * The range of a task whose candidates fit into memory: every query is ranked as deep as the one with the most positives needs, so a single one may
 * ask for more than there is. E_OPTION with that query; as `mine` throws it, before texts are embedded for it.
 */
export function expectRoom(task: MiningTask, options: MiningOptions): ResolvedRange {
  const { queries, corpus, maxPositives } = task;
  const range = resolveRange(parseOptions(miningOptions, options, "mining"), maxPositives);
  const width = Math.min(range.depth, corpus.size);
  const bytes = queries.length * width * (Int32Array.BYTES_PER_ELEMENT + Float32Array.BYTES_PER_ELEMENT);
  if (bytes <= LARGEST_RANKING) return range;
  const most = queries.reduce((one, other) => (other.positives.length > one.positives.length ? other : one));
  const crowded = 2 * maxPositives >= width;
  throw new AttuneError({
    code: "E_OPTION",
    place: "mining range",
    problem: `needs ${width} candidates for each of ${queries.length} queries, and ${Math.ceil(bytes / GIB)} GiB for them: ${LARGEST_RANKING / GIB} are the most`,
    hint: crowded
      ? `row ${most.rowNumber + 1}, ${show(most.text)}, has ${maxPositives} positives, and every query is ranked past as many: mine for it apart, or end --range earlier`
      : "end --range earlier, or mine for a part of the rows at a time",
  });
}

const GIB = 1 << 30;

/** Bytes of all candidates of all queries. */
const LARGEST_RANKING = 8 * GIB;

function needsVectors(): AttuneError {
  return new AttuneError({
    code: "E_OPTION",
    place: "mining nearDuplicate",
    problem: "compares embeddings, and there are none",
    hint: "mine with the miner dense or union",
  });
}
