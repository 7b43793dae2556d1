// A text per column: pairs, triplets, n-tuples and labelled pairs, as sentence-transformers trains on them. Also RAG-Retrieval's pairs of
// `query` and `content` with a `label`.

import { has, holds, optionalId, optionalNumber, optionalText, textField, type SourceRecord } from "./fields.ts";
import { rowOf, type Layout } from "./layout.ts";

export const ANCHORS = ["anchor", "query", "question", "sentence1", "text1"];
export const SECONDS = ["positive", "answer", "document", "passage", "content", "sentence2", "text2"];
export const NEGATIVE = /^negative(?:_(\d+))?$/;

/** An anchor column with a second text, perhaps with `negative`, `negative_1`, …, `score` and `label`. */
export function columnPerText(first: SourceRecord): Layout | undefined {
  const anchor = ANCHORS.find((key) => holds(first, key));
  const second = SECONDS.find((key) => holds(first, key));
  if (!anchor || !second) return undefined;
  return {
    name: "columns",
    columns: [anchor, second, ...negativeColumns(first), ...["score", "label"].filter((key) => holds(first, key))],
    parse: (record) =>
      rowOf({
        id: optionalId(record, "id"),
        anchor: textField(record, anchor),
        positives: [textField(record, second)],
        negatives: negativeColumns(record).map((key) => textField(record, key)),
        score: optionalNumber(record, "score"),
        label: optionalNumber(record, "label"),
        prompt: optionalText(record, "prompt"),
      }),
  };
}

/** `negative`, `negative_1`, `negative_2` … of a record that are filled, by number. Fewer than elsewhere in the file is legal. */
function negativeColumns(record: SourceRecord): string[] {
  const keys = new Set([...Object.keys(record.fields), ...Object.keys(record.columns ?? {})]);
  return [...keys].filter((key) => NEGATIVE.test(key) && has(record, key)).sort((a, b) => negativeNumber(a) - negativeNumber(b));
}

/** 3 of `negative_3`; -1 of `negative`. */
function negativeNumber(key: string): number {
  return Number(NEGATIVE.exec(key)?.[1] ?? -1);
}
