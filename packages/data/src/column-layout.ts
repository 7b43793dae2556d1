// A text per column: pairs, triplets, n-tuples and labelled pairs, as sentence-transformers trains on them. Also RAG-Retrieval's pairs of
// `query` and `content` with a `label`.

import { listed } from "./column-names.ts";
import { holds, keyOf, optionalId, optionalNumber, optionalText, textField } from "./fields.ts";
import { rowOf, type LayoutKind } from "./layout.ts";
import { ANCHORS, negativeKeys, NEGATIVES, negativesOf, numberKey, NUMBERS, SECONDS } from "./row-keys.ts";

/** An anchor column with a second text, perhaps with `negative`, `negative_1`, …, `score` and `label`. */
export const columnPerText: LayoutKind = {
  says: `one of ${listed(ANCHORS)} with one of ${listed(SECONDS)} and perhaps "negative", "negative_1", …, "score", "label"`,
  keys: [...ANCHORS, ...SECONDS, ...NEGATIVES, ...NUMBERS, "prompt"],
  recognise(first) {
    const [anchor, second] = [keyOf(first, ANCHORS), keyOf(first, SECONDS)];
    if (!anchor || !second) return undefined;
    const [score, label] = [numberKey(first, "score"), numberKey(first, "label")];
    return {
      name: "columns",
      columns: [anchor, second, ...negativeKeys(first), ...[score, label].filter((key) => holds(first, key))],
      parse: (record) =>
        rowOf({
          id: optionalId(record, "id"),
          anchor: textField(record, anchor),
          positives: [textField(record, second)],
          negatives: negativesOf(record),
          score: optionalNumber(record, score),
          label: optionalNumber(record, label),
          prompt: optionalText(record, "prompt"),
        }),
    };
  },
};
