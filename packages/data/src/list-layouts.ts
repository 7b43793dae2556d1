// Layouts with lists of documents in each row: FlagEmbedding's, RAG-Retrieval's and Tevatron's.

import { rowError } from "./bad-row.ts";
import {
  holds,
  isList,
  keyOf,
  looseTextField,
  numberField,
  optionalId,
  optionalNumbers,
  optionalText,
  recordsField,
  textField,
  textsField,
  type SourceRecord,
} from "./fields.ts";
import { rowOf, type LayoutKind } from "./layout.ts";
import { negativeKeys, NEGATIVES, negativesOf, SECONDS } from "./row-keys.ts";
import type { Text } from "./row.ts";

const FLAG_EMBEDDING = ["neg", "pos_scores", "neg_scores", "scores", "prompt", "type"];

/** Lists of positives and negatives, as FlagEmbedding's trainers read them, old and new; RAG-Retrieval calls the scores of `pos` `scores`. */
export const flagEmbedding: LayoutKind = {
  says: '"query" with the lists "pos" and "neg", or "positives" and "negatives"',
  keys: ["query", "pos", "positives", ...FLAG_EMBEDDING, ...NEGATIVES],
  recognise(first) {
    const [anchor, pos] = [queryKey(first), keyOf(first, ["pos", "positives"])];
    // Beside an answer, "pos" may be a part of speech.
    if (!anchor || !pos || (keyOf(first, SECONDS) && !isList(first, pos))) return undefined;
    return {
      name: "flag-embedding",
      columns: [anchor, pos, ...FLAG_EMBEDDING.filter((key) => holds(first, key)), ...negativeKeys(first)],
      parse(record) {
        const positives = textsField(record, pos, 1);
        const negatives = [...textsField(record, "neg", 0), ...negativesOf(record)];
        return rowOf({
          id: optionalId(record, "id"),
          anchor: textField(record, anchor),
          positives,
          negatives,
          positiveScores:
            optionalNumbers(record, "pos_scores", pos, positives.length) ?? optionalNumbers(record, "scores", pos, positives.length),
          negativeScores: optionalNumbers(record, "neg_scores", "neg", negatives.length),
          prompt: optionalText(record, "prompt"),
          type: optionalText(record, "type"),
        });
      },
    };
  },
};

/** A query with labelled documents, RAG-Retrieval's grouped form. A label above 0 is positive, as in qrels; labels stay as scores. */
export const ragRetrieval: LayoutKind = {
  says: '"query" with "hits" of "content" and "label"',
  keys: ["query", "hits", "prompt"],
  inside: ["content", "label"],
  recognise(first) {
    const anchor = queryKey(first);
    if (!anchor || !holds(first, "hits")) return undefined;
    return {
      name: "rag-retrieval",
      columns: [anchor, "hits"],
      parse(record) {
        const hits = recordsField(record, "hits").map((hit) => ({ text: textField(hit, "content"), label: numberField(hit, "label") }));
        const [positives, negatives] = [hits.filter(({ label }) => label > 0), hits.filter(({ label }) => label <= 0)];
        if (positives.length === 0) throw withoutPositive(record, "hits", "at least one hit with a label above 0", hits.length);
        return rowOf({
          id: optionalId(record, "id"),
          anchor: textField(record, anchor),
          positives: positives.map(({ text }) => text),
          negatives: negatives.map(({ text }) => text),
          positiveScores: positives.map(({ label }) => label),
          negativeScores: negatives.map(({ label }) => label),
          prompt: optionalText(record, "prompt"),
        });
      },
    };
  },
};

/** A query with passages of id, title and text, as Tevatron's trainers read them. Title and text are joined by a space, as there. */
export const tevatron: LayoutKind = {
  says: '"query" with "positive_passages" and "negative_passages"',
  keys: ["query_id", "query", "positive_passages", "negative_passages"],
  inside: ["docid", "title", "text"],
  recognise(first) {
    const anchor = queryKey(first);
    if (!anchor || !holds(first, "positive_passages")) return undefined;
    return {
      name: "tevatron",
      columns: ["query_id", anchor, "positive_passages", "negative_passages"].filter((key) => holds(first, key)),
      parse(record) {
        const positives = recordsField(record, "positive_passages").map(passage);
        if (positives.length === 0) throw withoutPositive(record, "positive_passages", "at least one passage", 0);
        return rowOf({
          id: optionalId(record, "query_id"),
          anchor: textField(record, anchor),
          positives,
          negatives: recordsField(record, "negative_passages").map(passage),
        });
      },
    };
  },
};

/** The key of the anchor, which these layouts call "query". */
function queryKey(first: SourceRecord): string | undefined {
  return keyOf(first, ["query", "anchor"]);
}

function passage(record: SourceRecord): Text {
  const id = optionalId(record, "docid");
  const title = looseTextField(record, "title").trim();
  // One of the two may be empty; both cannot.
  const body = title === "" ? textField(record, "text") : looseTextField(record, "text");
  const text = [title, body].filter((part) => part !== "").join(" ");
  return id === undefined ? text : { id, text };
}

function withoutPositive({ path, line }: SourceRecord, key: string, expected: string, count: number) {
  return rowError(path, line, { key, expected, got: count === 0 ? "[]" : `${count} with other labels` });
}
