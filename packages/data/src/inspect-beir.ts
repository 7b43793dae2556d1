// What is odd about a folder in BEIR's layout: judgements of texts that are not there, texts that nobody judges, questions on both sides of a split.

import { joinPath, type Files } from "@attune/core";
import { readCorpus, readQrels, readQueries, type Judgement } from "./beir.ts";
import type { OnBadRow } from "./bad-row.ts";
import { normalisedText, type Finding } from "./row-survey.ts";

/** One split's judgements. */
export interface SplitFacts {
  readonly split: string;
  readonly queries: number;
  readonly judgements: number;
  readonly relevant: number;
}

export interface BeirFacts {
  readonly documents: number;
  readonly queries: number;
  readonly splits: readonly SplitFacts[];
  readonly findings: readonly Finding[];
  /** Texts for a histogram of lengths. */
  readonly texts: { readonly queries: readonly string[]; readonly documents: readonly string[] };
}

const PLACES = 5;

/** Reads the whole folder; what is wrong with it is found, not thrown, as far as it can be read at all. E_NO_FILE, E_LAYOUT. */
export async function inspectBeir(files: Files, folder: string): Promise<BeirFacts> {
  const findings: Finding[] = [];
  const bad: string[] = [];
  const onBadRow: OnBadRow = (error) => void bad.push(error.sentence);
  const corpus = await readCorpus(files, folder, { onBadRow });
  const queries = await readQueries(files, folder, { onBadRow });
  const names = (await files.list(joinPath(folder, "qrels"))).filter((name) => name.endsWith(".tsv")).map((name) => name.slice(0, -4));
  const judged = new Map<string, Judgement[]>();
  for (const split of names.sort()) judged.set(split, await readQrels(files, folder, split, { onBadRow }));
  const all = [...judged.values()].flat();
  const at = ({ path, line }: Judgement): string => `${path}:${line}`;
  note(findings, "bad-row", bad);
  note(findings, "unknown-id", all.filter(({ query, document }) => !queries.has(query) || !corpus.has(document)).map(at));
  const documentIds = new Set(all.map(({ document }) => document));
  const queryIds = new Set(all.map(({ query }) => query));
  note(
    findings,
    "unused-document",
    [...corpus.keys()].filter((id) => !documentIds.has(id)),
  );
  note(
    findings,
    "unused-query",
    [...queries.keys()].filter((id) => !queryIds.has(id)),
  );
  note(
    findings,
    "empty-text",
    [...corpus].filter(([, text]) => !/\S/.test(text)).map(([id]) => id),
  );
  note(findings, "duplicate-document", repeated(corpus));
  note(findings, "leak", leaks(judged, queries));
  return {
    documents: corpus.size,
    queries: queries.size,
    splits: [...judged].map(([split, judgements]) => ({
      split,
      queries: new Set(judgements.map(({ query }) => query)).size,
      judgements: judgements.length,
      relevant: judgements.filter(({ relevance }) => relevance > 0).length,
    })),
    findings,
    texts: { queries: [...queries.values()], documents: [...corpus.values()] },
  };
}

function note(findings: Finding[], kind: Finding["kind"], places: readonly string[]): void {
  if (places.length > 0) findings.push({ kind, count: places.length, places: places.slice(0, PLACES) });
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
function leaks(judged: ReadonlyMap<string, readonly Judgement[]>, queries: ReadonlyMap<string, string>): string[] {
  const textsOf = (judgements: readonly Judgement[]): Map<string, string> =>
    new Map(judgements.flatMap(({ query }) => (queries.has(query) ? [[normalisedText(queries.get(query)!), query] as const] : [])));
  const train = textsOf(judged.get("train") ?? []);
  return [...judged].flatMap(([split, judgements]) => {
    if (split === "train") return [];
    return [...textsOf(judgements)].flatMap(([text, id]) =>
      train.has(text) ? [`${id} of ${split} and ${train.get(text)!} of train`] : [],
    );
  });
}
