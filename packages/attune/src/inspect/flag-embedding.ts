// What is odd about one of FlagEmbedding's evaluation sets: as in BEIR's folders, but each split has a file of queries of its own.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { normalisedText, readFlagEmbeddingFolder } from "@attune/data";
import type { BeirFacts, Finding } from "@attune/data";

type EvaluationSplit = Awaited<ReturnType<typeof readFlagEmbeddingFolder>> & { readonly split: string };

/** Findings show so many places. */
const PLACES = 5;

/** The splits that a folder has queries for, in this layout. */
export async function flagEmbeddingSplits(files: Files, folder: string): Promise<string[]> {
  return (await files.list(folder)).flatMap((name) => /^(.+)_queries\.jsonl$/.exec(name)?.[1] ?? []);
}

/** Facts about these splits. E_NO_FILE, and E_ROW for a line whose id or text cannot be read. */
export async function inspectFlagEmbedding(files: Files, folder: string, names: readonly string[]): Promise<BeirFacts> {
  const bad = new Set<string>();
  const onBadRow = (error: AttuneError): void => void bad.add(error.sentence);
  const splits: EvaluationSplit[] = [];
  for (const split of names)
    splits.push({ split, ...(await readFlagEmbeddingFolder(files, folder, split, { onBadRow }).catch(withoutSkipping)) });
  const { corpus } = splits[0];
  const judged = new Set(splits.flatMap(({ judgements }) => judgements.map(({ document }) => document)));
  const found: [Finding["kind"], string[]][] = [
    ["bad-row", [...bad]],
    ["unknown-id", splits.flatMap(unknownIds)],
    ["unused-document", [...corpus.keys()].filter((id) => !judged.has(id))],
    ["unused-query", splits.flatMap(unusedQueries)],
    ["empty-text", [...corpus].filter(([, text]) => !/\S/.test(text)).map(([id]) => id)],
    ["duplicate-document", repeated(corpus)],
    ["leak", leaks(splits)],
  ];
  return {
    documents: corpus.size,
    queries: splits.reduce((sum, { queries }) => sum + queries.size, 0),
    splits: splits.map(({ split, judgements }) => ({
      split,
      queries: new Set(judgements.map(({ query }) => query)).size,
      judgements: judgements.length,
      relevant: judgements.filter(({ relevance }) => relevance > 0).length,
    })),
    findings: found.flatMap(([kind, places]) =>
      places.length === 0 ? [] : [{ kind, count: places.length, places: places.slice(0, PLACES) }],
    ),
    texts: { queries: splits.flatMap(({ queries }) => [...queries.values()]), documents: [...corpus.values()] },
  };
}

/** No row of such a set can be left out. */
function withoutSkipping(error: unknown): never {
  throw error instanceof AttuneError && error.code === "E_ROW" ? error.with({ hint: undefined }) : error;
}

function unknownIds({ queries, corpus, judgements }: EvaluationSplit): string[] {
  const unknown = judgements.filter(({ query, document }) => !queries.has(query) || !corpus.has(document));
  return unknown.map(({ path, line }) => `${path}:${line}`);
}

function unusedQueries({ queries, judgements }: EvaluationSplit): string[] {
  const used = new Set(judgements.map(({ query }) => query));
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
function leaks(splits: readonly EvaluationSplit[]): string[] {
  const training = splits.find(({ split }) => split === "train")?.queries ?? [];
  const trained = new Map([...training].map(([id, text]) => [normalisedText(text), id]));
  const others = splits.filter(({ split }) => split !== "train");
  return others.flatMap(({ split, queries }) =>
    [...queries].flatMap(([id, text]) => {
      const same = trained.get(normalisedText(text));
      return same === undefined ? [] : [`${id} of ${split} and ${same} of train`];
    }),
  );
}
