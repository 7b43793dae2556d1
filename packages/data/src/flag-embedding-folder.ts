// FlagEmbedding's custom evaluation sets: corpus.jsonl {id, title?, text}, <split>_queries.jsonl {id, text}, <split>_qrels.jsonl {qid, docid, relevance}.

import { joinPath, type Files } from "@attune/core";
import { attempt, rowError } from "./bad-row.ts";
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

/** Everything in such a folder; a judgement without a relevance counts 1. E_NO_FILE; bad rows are E_ROW with file and line, an id that comes twice, too. */
export async function readFlagEmbeddingFolder(
  files: Files,
  folder: string,
  split: string,
  { onBadRow }: Pick<BeirOptions, "onBadRow">,
): Promise<EvaluationFolder> {
  const read = (name: string) => readJsonl(files, joinPath(folder, name), onBadRow);
  const byId = async (name: string, textOfRecord: (record: SourceRecord) => string): Promise<Map<string, string>> => {
    const texts = new Map<string, string>();
    for await (const record of read(name)) attempt(onBadRow, () => texts.set(newId(record, texts), textOfRecord(record)));
    return texts;
  };
  const corpus = await byId("corpus.jsonl", (record) =>
    [looseTextField(record, "title"), looseTextField(record, "text")].filter((part) => part !== "").join(" "),
  );
  const queries = await byId(`${split}_queries.jsonl`, (record) => textField(record, "text"));
  const judgements: Judgement[] = [];
  for await (const record of read(`${split}_qrels.jsonl`)) {
    attempt(onBadRow, () => {
      const relevance = has(record, "relevance") ? numberField(record, "relevance") : 1;
      const { path, line } = record;
      judgements.push({ query: idField(record, "qid"), document: idField(record, "docid"), relevance, path, line });
    });
  }
  return { queries, corpus, judgements };
}

/** E_ROW for an id that stood before. */
function newId(record: SourceRecord, known: ReadonlyMap<string, unknown>): string {
  const id = idField(record, "id");
  if (!known.has(id)) return id;
  throw rowError(record.path, record.line, { key: "id", expected: "an id that no earlier line has", got: JSON.stringify(id) });
}
