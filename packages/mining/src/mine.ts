// Hard negatives for every query of a task: rank, filter, choose, and say what was done. Encodes nothing and writes nothing.

import { AttuneError, parseOptions, show } from "@attune/core";
import type { CandidateSource, TaskVectors } from "./miner.ts";
import { miningOptions, resolveRange, type MiningOptions, type ResolvedRange } from "./options.ts";
import type { PairScorer } from "@attune/search";
import { poolsOf } from "./pools.ts";
import type { Ranking } from "./ranking.ts";
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
 * Mines, some queries at a time where the candidates of all are many. The same input and options give the same result. E_OPTION for options that are
 * none, for `nearDuplicate` without vectors, and as `expectRoom`; what the miner throws. Too few candidates are no error: the report counts them.
 */
export async function mine(input: MineInput, options: MiningOptions = {}): Promise<MiningResult> {
  const { task, candidates, vectors, rescore, signal } = input;
  const resolved = parseOptions(miningOptions, options, "mining");
  const nearDuplicates = resolved.nearDuplicate !== undefined;
  if (nearDuplicates && !vectors) throw needsVectors();
  const range = expectRoom(task, options, candidates);
  const select = createSelector(task, resolved, range);
  const reporter = createReporter(task, resolved, range);
  const mined: Mined[] = [];
  for await (const part of partsOf(task, candidates, range.depth)) {
    for await (const pool of poolsOf({ task, candidates, ...part, rescore, signal, vectors: nearDuplicates ? vectors : undefined })) {
      const selection = select(pool);
      reporter.add(pool, selection);
      mined.push({ query: pool.query, positiveScores: pool.positiveScores, negatives: selection.negatives });
    }
  }
  return { task, mined, report: await reporter.finish() };
}

/** The queries from `first` to `end`, and their ranking. */
interface Part {
  readonly first: number;
  readonly end: number;
  readonly ranking: Ranking;
}

/** All queries in their order: together where their candidates are few or the source knows no parts. */
async function* partsOf({ queries, corpus }: MiningTask, candidates: CandidateSource, depth: number): AsyncGenerator<Part> {
  const part = Math.max(1, Math.floor(CANDIDATES / Math.min(depth, corpus.size)));
  if (part >= queries.length || !candidates.rankParts) {
    yield { first: 0, end: queries.length, ranking: await candidates.rank(depth) };
    return;
  }
  let first = 0;
  for await (const ranking of candidates.rankParts(depth, part)) {
    yield { first, end: Math.min(first + part, queries.length), ranking };
    first += part;
  }
}

/** Candidates that are in memory at once, if it is not for a single query: 128 MiB, and a few times that while they are looked for. */
const CANDIDATES = 1 << 24;

/**
 * The range of a task, if what it asks for is possible. Every query is ranked as deep as the one with the most positives needs, so a single one may
 * ask for more than all others together: E_OPTION with that query, as for a depth of which no memory holds a single query's candidates, or all of them
 * where the source ranks all queries at once. `mine` throws the same; here it is known before texts are embedded.
 */
export function expectRoom(task: MiningTask, options: MiningOptions, source?: Pick<CandidateSource, "rankParts">): ResolvedRange {
  const { queries, corpus, maxPositives } = task;
  const resolved = parseOptions(miningOptions, options, "mining");
  const range = resolveRange(resolved, maxPositives);
  const width = Math.min(range.depth, corpus.size);
  const crowded = width >= 2 * Math.min(resolveRange(resolved, 1).depth, corpus.size); // by the positives of one query
  const together = crowded || (source !== undefined && !source.rankParts);
  const atOnce = (together ? queries.length : 1) * width * (Int32Array.BYTES_PER_ELEMENT + Float32Array.BYTES_PER_ELEMENT);
  if (atOnce <= LARGEST_RANKING) return range;
  const most = queries.reduce((one, other) => (other.positives.length > one.positives.length ? other : one));
  throw new AttuneError({
    code: "E_OPTION",
    place: "mining range",
    problem: `needs ${width} candidates for each of ${queries.length} queries, and ${Math.ceil(atOnce / GIB)} GiB for them: ${LARGEST_RANKING / GIB} are the most`,
    hint: crowded
      ? `row ${most.rowNumber + 1}, ${show(most.text)}, has ${maxPositives} positives, and every query is ranked past as many: mine for it apart, or end --range earlier`
      : "end --range earlier, or mine for a part of the rows at a time",
  });
}

const GIB = 1 << 30;

/** Bytes of the candidates of queries that are ranked together. */
const LARGEST_RANKING = 8 * GIB;

function needsVectors(): AttuneError {
  return new AttuneError({
    code: "E_OPTION",
    place: "mining nearDuplicate",
    problem: "compares embeddings, and there are none",
    hint: "mine with the miner dense or union",
  });
}
