// Rows into those that are trained on and those that are measured on, without a document, a query or a mined negative on both sides.

import { AttuneError, joinPath, writeLines } from "@attune/core";
import type { Files } from "@attune/core";
import { fingerprintRows, holdOut, labelOf, loadRows, readPassages, textOf } from "@attune/data";
import type { LoadedRows, Row } from "@attune/data";
import { retrievalSetOf } from "@attune/evaluation";
import type { RetrievalSet } from "@attune/evaluation";
import type { PipelineSettings } from "../settings/pipeline-settings.ts";

export interface PipelineData {
  readonly training: readonly Row[];
  readonly heldOut: readonly Row[];
  /** Held-out queries over every text there is, those of the training rows and of the corpus too. */
  readonly set: RetrievalSet;
  /** What may be mined: no positive of a held-out query is in it. */
  readonly documents: readonly string[];
  /** Fingerprints of what was read. */
  readonly rows: string;
  readonly corpus: string;
  readonly bad: LoadedRows["bad"];
}

/**
 * Reads and splits by the seed: the same in every call. E_OPTION for scored or labelled pairs, which have no positives to mine for; E_HOLD_OUT where
 * the rows cannot be split; errors of reading.
 */
export async function splitData(files: Files, settings: PipelineSettings): Promise<PipelineData> {
  const { data, columns, skipBadRows, seed } = settings;
  const { rows, bad } = await loadRows(files, data, { skipBadRows, ...(columns && { columns }) });
  if (rows.some((row) => labelOf(row) !== undefined)) {
    throw new AttuneError({
      code: "E_OPTION",
      place: `--data ${data}`,
      expected: "queries with their positives",
      got: "pairs with scores or labels, which have nothing to mine for",
      hint: "attune train and attune eval take them",
    });
  }
  const { training, heldOut } = holdOut(rows, settings.holdOut, seed);
  const own = await corpusOf(files, settings);
  const held = retrievalSetOf(heldOut.map(withoutIds));
  const relevant = new Set(held.qrels.values().flatMap((judged) => judged.keys()));
  const trained = training.flatMap(({ positives, negatives }) => [...positives, ...negatives].map(textOf));
  const everything = new Set([...held.corpus.keys(), ...trained, ...own]);
  const documents = [...new Set([...trained, ...own])].filter((text) => !relevant.has(text));
  const set = { ...held, corpus: new Map([...everything].map((text) => [text, text])) };
  const corpus = fingerprintRows(own.map((anchor) => ({ anchor, positives: [], negatives: [] })));
  return { training, heldOut, set, documents, rows: fingerprintRows(rows), corpus, bad };
}

/** The texts of the corpus that is given, or that a folder brings. */
async function corpusOf(files: Files, { data, corpus }: PipelineSettings): Promise<string[]> {
  const isFolder = async (path: string): Promise<boolean> => (await files.status(path))?.kind === "folder";
  const chosen = corpus ?? ((await isFolder(data)) ? data : undefined);
  if (chosen === undefined) return [];
  return readPassages(files, (await isFolder(chosen)) ? joinPath(chosen, "corpus.jsonl") : chosen);
}

/** Documents are told apart by their text, since a corpus of plain texts has no ids. */
function withoutIds({ positives, negatives, ...row }: Row): Row {
  return { ...row, positives: positives.map(textOf), negatives: negatives.map(textOf) };
}

/** Where a split is on the disk. */
export interface SplitFiles {
  readonly training: string;
  readonly heldOut: string;
  readonly documents: string;
}

/** The files of a pipeline's folder. */
export function splitFiles(output: string): SplitFiles {
  const file = (name: string): string => joinPath(output, "split", name);
  return { training: file("train.jsonl"), heldOut: file("test.jsonl"), documents: file("corpus.jsonl") };
}

/** Writes both parts, in FlagEmbedding's form, and what may be mined. */
export async function writeSplit(files: Files, output: string, { training, heldOut, documents }: PipelineData): Promise<void> {
  const paths = splitFiles(output);
  await files.makeFolder(joinPath(output, "split"));
  const jsonl = (path: string, records: readonly object[]) =>
    writeLines(
      files,
      path,
      records.map((record) => `${JSON.stringify(record)}\n`),
    );
  const recordOf = ({ anchor, positives, negatives, prompt }: Row) => ({
    query: anchor,
    pos: positives.map(textOf),
    neg: negatives.map(textOf),
    ...(prompt !== undefined && { prompt }),
  });
  await jsonl(paths.training, training.map(recordOf));
  await jsonl(paths.heldOut, heldOut.map(recordOf));
  await jsonl(
    paths.documents,
    documents.map((text) => ({ text })),
  );
}
