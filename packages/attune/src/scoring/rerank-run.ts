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
  /** All hits, best first. */
  readonly run: Run;
  /** Hits of each query that are scored anew, at most. */
  readonly depth: number;
  readonly queries: ReadonlyMap<string, string>;
  /** Those that are scored. */
  readonly documents: ReadonlyMap<string, string>;
}

/** Reads it. E_NO_FILE, E_EMPTY and E_ROW of the files; E_ID for an id of the run that the folder does not have. */
export async function readRunWithTexts(
  files: Files,
  { run: path, data, depth }: { run: string; data: string; depth: number },
): Promise<RunWithTexts> {
  const run = bestHits(await readTrecRun(files, path));
  const wanted = new Set([...run.values()].flatMap((hits) => hits.slice(0, depth).map(({ document }) => document)));
  const queries = await readQueries(files, data, { onBadRow: stopAtBadRow, wanted: new Set(run.keys()) });
  const documents = await readCorpus(files, data, { onBadRow: stopAtBadRow, wanted });
  expectAll(run.keys(), queries, { path, what: "query", file: joinPath(data, "queries.jsonl") });
  expectAll(wanted, documents, { path, what: "document", file: joinPath(data, "corpus.jsonl") });
  return { run, depth, queries, documents };
}

/** Pairs that are scored. */
export function pairsToScore({ run, depth }: Pick<RunWithTexts, "run" | "depth">): number {
  return [...run.values()].reduce((sum, hits) => sum + Math.min(depth, hits.length), 0);
}

/** The first `depth` hits of each query in the order of the scorer, and behind them the others in the order that they had. */
export async function rerankRun({ run, depth, queries, documents }: RunWithTexts, score: PairScorer): Promise<Run> {
  const pairs: TextPair[] = [];
  for (const [query, hits] of run) {
    for (const { document } of hits.slice(0, depth)) pairs.push({ query: queries.get(query)!, document: documents.get(document)! });
  }
  const scores = await score(pairs);
  let next = 0;
  const rescored = (hits: readonly Hit[]): Hit[] => hits.map(({ document }) => ({ document, score: scores[next++] })).sort(byScore);
  return new Map([...run].map(([query, hits]) => [query, followed(rescored(hits.slice(0, depth)), hits.slice(depth))]));
}

/**
 * Dropping the others would count a relevant one among them against the scorer, which never saw it. Their scores are of another scale, so they go
 * down from the last one before them; equal ones stay equal.
 */
function followed(first: readonly Hit[], others: readonly Hit[]): Hit[] {
  let score = first.at(-1)?.score ?? 0;
  const below = others.map((hit, i): Hit => {
    if (hit.score !== others[i - 1]?.score) score -= 1;
    return { document: hit.document, score };
  });
  return [...first, ...below];
}

/** The hits of each query, best first, at most so many. */
export function bestHits(run: Run, most = Infinity): Run {
  return new Map([...run].map(([query, hits]) => [query, hits.toSorted(byScore).slice(0, most)]));
}

function byScore(a: Hit, b: Hit): number {
  return b.score - a.score;
}

/** Metrics of both runs on the same judgements. */
export interface StageMetrics {
  readonly base: Record<string, number>;
  readonly reranked: Record<string, number>;
}

/**
 * The folder's `qrels/<split>.tsv`; undefined where no split is asked for and the folder has no test split, or one that judges none of the run's
 * queries. E_NO_FILE, E_ROW; E_EMPTY without judgements, and where those of a split that is asked for are of other queries.
 */
export async function readJudgements(
  files: Files,
  { data, split }: { data: string; split: string | undefined },
  run: Run,
): Promise<Qrels | undefined> {
  const place = joinPath(data, "qrels", `${split ?? "test"}.tsv`);
  if (split === undefined && !(await files.status(place))) return undefined;
  const qrels = await readFolderQrels(files, data, split ?? "test");
  if (qrels.keys().some((query) => run.has(query))) return qrels;
  if (split === undefined) return undefined;
  throw new AttuneError({ code: "E_EMPTY", place, problem: "judges no query of the run", hint: "give the --split that the run is of" });
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
