// What is odd about a set of queries, documents and judgements: judgements of texts that are not there, texts that nobody judges, questions on both
// sides of a split.

import type { Judgement } from "./beir.ts";
import { normalisedText } from "./normalised-text.ts";
import type { Finding } from "./row-survey.ts";

/** One split's judgements. */
export interface SplitFacts {
  readonly split: string;
  readonly queries: number;
  readonly judgements: number;
  readonly relevant: number;
}

export interface RetrievalFacts {
  readonly documents: number;
  readonly queries: number;
  readonly splits: readonly SplitFacts[];
  readonly findings: readonly Finding[];
  /** Texts for a histogram of lengths. */
  readonly texts: { readonly queries: readonly string[]; readonly documents: readonly string[] };
}

/** Judgements and the queries that they are about; splits may share their queries. */
export interface RetrievalSplit {
  readonly split: string;
  /** Id -> text. */
  readonly queries: ReadonlyMap<string, string>;
  readonly judgements: readonly Judgement[];
}

/** Findings show so many places. */
const PLACES = 5;

/** The facts of a corpus (id -> text) and its splits; `bad` are sentences about rows that could not be read. */
export function retrievalFacts(
  corpus: ReadonlyMap<string, string>,
  splits: readonly RetrievalSplit[],
  bad: readonly string[],
): RetrievalFacts {
  const all = splits.flatMap(({ judgements }) => judgements);
  const judged = new Set(all.map(({ document }) => document));
  const asked = [...new Set(splits.map(({ queries }) => queries))];
  const found: readonly [Finding["kind"], readonly string[]][] = [
    ["bad-row", bad],
    ["unknown-id", splits.flatMap((split) => unknownIds(split, corpus))],
    ["unused-document", [...corpus.keys()].filter((id) => !judged.has(id))],
    ["unused-query", asked.flatMap((queries) => unusedQueries(queries, splits))],
    ["empty-text", [...corpus].filter(([, text]) => !/\S/.test(text)).map(([id]) => id)],
    ["duplicate-document", repeated(corpus)],
    ["leak", leaks(splits)],
  ];
  return {
    documents: corpus.size,
    queries: asked.reduce((sum, { size }) => sum + size, 0),
    splits: splits.map(({ split, judgements }) => ({
      split,
      queries: new Set(judgements.map(({ query }) => query)).size,
      judgements: judgements.length,
      relevant: judgements.filter(({ relevance }) => relevance > 0).length,
    })),
    findings: found.flatMap(([kind, places]) =>
      places.length === 0 ? [] : [{ kind, count: places.length, places: places.slice(0, PLACES) }],
    ),
    texts: { queries: asked.flatMap((queries) => [...queries.values()]), documents: [...corpus.values()] },
  };
}

function unknownIds({ queries, judgements }: RetrievalSplit, corpus: ReadonlyMap<string, string>): string[] {
  const unknown = judgements.filter(({ query, document }) => !queries.has(query) || !corpus.has(document));
  return unknown.map(({ path, line }) => `${path}:${line}`);
}

function unusedQueries(queries: ReadonlyMap<string, string>, splits: readonly RetrievalSplit[]): string[] {
  const own = splits.filter((split) => split.queries === queries);
  const used = new Set(own.flatMap(({ judgements }) => judgements.map(({ query }) => query)));
  return [...queries.keys()].filter((id) => !used.has(id));
}

/** Ids of documents whose text stood before, with the id that had it. */
function repeated(corpus: ReadonlyMap<string, string>): string[] {
  const first = new Map<string, string>();
  return [...corpus].flatMap(([id, text]) => {
    const key = normalisedText(text);
    const before = first.get(key);
    if (before === undefined) first.set(key, id);
    return before === undefined || key === "" ? [] : [`${id} and ${before}`];
  });
}

/** Questions of another split that are trained on, too. */
function leaks(splits: readonly RetrievalSplit[]): string[] {
  const training = splits.find(({ split }) => split === "train");
  const trained = training ? judgedTexts(training) : new Map<string, string>();
  return splits.flatMap((split) => {
    if (split === training) return [];
    return [...judgedTexts(split)].flatMap(([text, id]) =>
      trained.has(text) ? [`${id} of ${split.split} and ${trained.get(text)!} of train`] : [],
    );
  });
}

/** Text -> id of the queries that a split judges. */
function judgedTexts({ queries, judgements }: RetrievalSplit): Map<string, string> {
  return new Map(judgements.flatMap(({ query }) => (queries.has(query) ? [[normalisedText(queries.get(query)!), query] as const] : [])));
}
