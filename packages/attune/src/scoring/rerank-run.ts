// The second stage of a search: the best hits of a run, scored anew. The texts of its ids come from a BEIR folder; where that has judgements, both
// stages are measured by them.

import { AttuneError, joinPath, show } from "@attune/core";
import type { Files } from "@attune/core";
import { readCorpus, readQueries, stopAtBadRow } from "@attune/data";
import { evaluateRetrieval, readFolderQrels, readTrecRun } from "@attune/evaluation";
import type { Hit, Qrels, Run } from "@attune/evaluation";
import type { PairScorer, TextPair } from "@attune/search";

/** A run with the texts that its first `depth` hits need. */
export interface RunWithTexts {
  /** At most `depth` hits per query, best first. */
  readonly run: Run;
  readonly queries: ReadonlyMap<string, string>;
  readonly documents: ReadonlyMap<string, string>;
  /** Pairs to score. */
  readonly pairs: number;
}

/** Reads it. E_NO_FILE, E_EMPTY and E_ROW of the files; E_ID for an id of the run that the folder does not have. */
export async function readRunWithTexts(
  files: Files,
  { run: path, data, depth }: { run: string; data: string; depth: number },
): Promise<RunWithTexts> {
  const whole = await readTrecRun(files, path);
  const run = bestHits(whole, depth);
  const wanted = new Set([...run.values()].flatMap((hits) => hits.map(({ document }) => document)));
  const queries = await readQueries(files, data, { onBadRow: stopAtBadRow, wanted: new Set(run.keys()) });
  const documents = await readCorpus(files, data, { onBadRow: stopAtBadRow, wanted });
  expectAll(run.keys(), queries, { path, what: "query", file: joinPath(data, "queries.jsonl") });
  expectAll(wanted, documents, { path, what: "document", file: joinPath(data, "corpus.jsonl") });
  return { run, queries, documents, pairs: [...run.values()].reduce((sum, hits) => sum + hits.length, 0) };
}

/** The run in the order of the scorer. */
export async function rerankRun({ run, queries, documents }: RunWithTexts, score: PairScorer): Promise<Run> {
  const pairs: TextPair[] = [];
  for (const [query, hits] of run) {
    for (const { document } of hits) pairs.push({ query: queries.get(query)!, document: documents.get(document)! });
  }
  const scores = await score(pairs);
  let next = 0;
  const rescored = (hits: readonly Hit[]): Hit[] => hits.map(({ document }) => ({ document, score: scores[next++] }));
  return bestHits(new Map([...run].map(([query, hits]) => [query, rescored(hits)])));
}

/** The hits of each query, best first, at most so many. */
export function bestHits(run: Run, most = Infinity): Run {
  return new Map([...run].map(([query, hits]) => [query, hits.toSorted((a, b) => b.score - a.score).slice(0, most)]));
}

/** Metrics of both runs on the same judgements. */
export interface StageMetrics {
  readonly base: Record<string, number>;
  readonly reranked: Record<string, number>;
}

/**
 * The folder's `qrels/<split>.tsv`; undefined where no split is asked for and the folder has no test split, or one that judges none of the run's
 * queries. E_NO_FILE, E_EMPTY, E_ROW.
 */
export async function readJudgements(
  files: Files,
  { data, split }: { data: string; split: string | undefined },
  run: Run,
): Promise<Qrels | undefined> {
  if (split !== undefined) return readFolderQrels(files, data, split);
  if (!(await files.status(joinPath(data, "qrels", "test.tsv")))) return undefined;
  const qrels = await readFolderQrels(files, data, "test");
  return qrels.keys().some((query) => run.has(query)) ? qrels : undefined;
}

/** Measures both stages. E_EMPTY when no query of the run is judged. */
export function measureStages(qrels: Qrels, base: Run, reranked: Run): StageMetrics {
  const metricsOf = (run: Run): Record<string, number> => evaluateRetrieval(qrels, run, { k: [10] }).means;
  return { base: metricsOf(base), reranked: metricsOf(reranked) };
}

function expectAll(
  ids: Iterable<string>,
  known: ReadonlyMap<string, string>,
  { path, what, file }: { path: string; what: string; file: string },
): void {
  const missing = [...ids].filter((id) => !known.has(id));
  if (missing.length === 0) return;
  throw new AttuneError({
    code: "E_ID",
    place: path,
    problem: `has the ${what} ${show(missing[0])}${missing.length > 1 ? ` and ${missing.length - 1} more` : ""}, which ${file} does not have`,
    hint: "give the folder that the run was made with",
  });
}
