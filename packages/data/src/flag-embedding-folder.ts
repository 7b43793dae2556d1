// FlagEmbedding's custom evaluation sets: corpus.jsonl {id, title?, text}, <split>_queries.jsonl {id, text}, <split>_qrels.jsonl {qid, docid, relevance}.

import { joinPath, type Files } from "@attune/core";
import { rowError } from "./bad-row.ts";
import type { BeirOptions, Judgement } from "./beir.ts";
import { has, idField, looseTextField, numberField, textField, type SourceRecord } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";

export interface EvaluationFolder {
  /** Id -> text. */
  readonly queries: Map<string, string>;
  /** Id -> title and text with a space between. */
  readonly corpus: Map<string, string>;
  readonly judgements: Judgement[];
}

/** Whether a folder is such a set and has this split. */
export async function isFlagEmbeddingFolder(files: Files, folder: string, split: string): Promise<boolean> {
  return (await files.status(joinPath(folder, `${split}_queries.jsonl`)))?.kind === "file";
}

/** Everything in such a folder; a judgement without a relevance counts 1. E_NO_FILE, E_ROW with file and line, also for an id that comes twice. */
export async function readFlagEmbeddingFolder(
  files: Files,
  folder: string,
  split: string,
  { onBadRow }: Pick<BeirOptions, "onBadRow">,
): Promise<EvaluationFolder> {
  const read = (name: string) => readJsonl(files, joinPath(folder, name), onBadRow);
  const corpus = await byId(read("corpus.jsonl"), (record) =>
    [looseTextField(record, "title"), looseTextField(record, "text")].filter((part) => part !== "").join(" "),
  );
  const queries = await byId(read(`${split}_queries.jsonl`), (record) => textField(record, "text"));
  const judgements: Judgement[] = [];
  for await (const record of read(`${split}_qrels.jsonl`)) {
    const relevance = has(record, "relevance") ? numberField(record, "relevance") : 1;
    const { path, line } = record;
    judgements.push({ query: idField(record, "qid"), document: idField(record, "docid"), relevance, path, line });
  }
  return { queries, corpus, judgements };
}

async function byId(records: AsyncIterable<SourceRecord>, textOfRecord: (record: SourceRecord) => string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const record of records) {
    const id = idField(record, "id");
    if (texts.has(id)) {
      throw rowError(record.path, record.line, { key: "id", expected: "an id that no earlier line has", got: JSON.stringify(id) });
    }
    texts.set(id, textOfRecord(record));
  }
  return texts;
}
