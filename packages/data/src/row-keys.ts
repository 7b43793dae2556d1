// The keys that the parts of a row go by, whatever the layout: which names there are for the same, and how negatives are gathered.

import { holds, isList, isNumberOrNull, keysLike, textField, textsField, type SourceRecord } from "./fields.ts";

export const ANCHORS = ["anchor", "query", "question", "sentence1", "text1"];
export const SECONDS = ["positive", "answer", "document", "passage", "content", "sentence2", "text2"];
export const NEGATIVES = ["negative", "negative_1", "negatives"];
export const NUMBERS = ["score", "scores", "label", "labels"];
/** `negative`, `negatives`, `negative_1`, `negative_2` … */
export const NEGATIVE = /^negative(?:s|_(\d+))?$/i;

/** The keys of a record that hold negatives, by number. Fewer than elsewhere in the file is legal. */
export function negativeKeys(record: SourceRecord): string[] {
  return keysLike(record, NEGATIVE).sort((a, b) => negativeNumber(a) - negativeNumber(b));
}

/** A text for each of those keys; `negatives` may have a list of them. */
export function negativesOf(record: SourceRecord): string[] {
  return negativeKeys(record).flatMap((key) =>
    key === "negatives" && isList(record, key) ? textsField(record, key, 0) : [textField(record, key)],
  );
}

/** `score` or `label`, or its plural, as sentence-transformers calls a column, where the first record has that alone and a single number in it. */
export function numberKey(first: SourceRecord, key: "score" | "label"): string {
  const plural = `${key}s`;
  const given = [key, plural].find((one) => first.names?.isGiven(one));
  if (given !== undefined) return given;
  return !holds(first, key) && holds(first, plural) && isNumberOrNull(first, plural) ? plural : key;
}

/** 3 of `negative_3`; -1 of `negative`. */
function negativeNumber(key: string): number {
  return Number(NEGATIVE.exec(key)?.[1] ?? -1);
}
