// Folders of queries, documents and judgements, read whole to see what is odd about them: BEIR's layout, and FlagEmbedding's.

import { joinPath, type AttuneError, type Files } from "@attune/core";
import { readCorpus, readQrels, readQueries } from "./beir.ts";
import { readFlagEmbeddingFolder } from "./flag-embedding-folder.ts";
import { retrievalFacts, type RetrievalFacts, type RetrievalSplit } from "./retrieval-facts.ts";

/** What is wrong with a folder in BEIR's layout is found, not thrown, as far as it can be read at all. E_NO_FILE, E_LAYOUT. */
export async function inspectBeir(files: Files, folder: string): Promise<RetrievalFacts> {
  const bad: string[] = [];
  const onBadRow = (error: AttuneError): void => void bad.push(error.sentence);
  const corpus = await readCorpus(files, folder, { onBadRow });
  const queries = await readQueries(files, folder, { onBadRow });
  const names = (await files.list(joinPath(folder, "qrels"))).filter((name) => name.endsWith(".tsv")).map((name) => name.slice(0, -4));
  const splits: RetrievalSplit[] = [];
  for (const split of names.sort()) splits.push({ split, queries, judgements: await readQrels(files, folder, split, { onBadRow }) });
  return retrievalFacts(corpus, splits, bad);
}

/** The splits that a folder has queries for in FlagEmbedding's layout. */
export async function flagEmbeddingSplits(files: Files, folder: string): Promise<string[]> {
  return (await files.list(folder)).flatMap((name) => /^(.+)_queries\.jsonl$/.exec(name)?.[1] ?? []);
}

/** The same for these splits of FlagEmbedding's layout. E_NO_FILE. */
export async function inspectFlagEmbedding(files: Files, folder: string, names: readonly string[]): Promise<RetrievalFacts> {
  const bad = new Set<string>(); // the corpus is read for each split
  const onBadRow = (error: AttuneError): void => void bad.add(error.sentence);
  let corpus: ReadonlyMap<string, string> = new Map();
  const splits: RetrievalSplit[] = [];
  for (const split of names) {
    const { corpus: documents, ...rest } = await readFlagEmbeddingFolder(files, folder, split, { onBadRow });
    corpus = documents;
    splits.push({ split, ...rest });
  }
  return retrievalFacts(corpus, splits, [...bad]);
}
