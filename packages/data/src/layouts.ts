// The layouts of rows that are understood, each recognised by its keys. A new layout is one function in `layouts`.

import { AttuneError, nearestName } from "@attune/core";
import {
  has,
  holds,
  optionalId,
  optionalNumber,
  optionalNumbers,
  optionalText,
  textField,
  textsField,
  type SourceRecord,
} from "./fields.ts";
import type { Row } from "./row.ts";

/** What the rows of one file look like. */
export interface Layout {
  readonly name: string;
  /** The understood columns of the record that it was recognised by, for messages. */
  readonly columns: readonly string[];
  /** E_ROW for values that do not fit. */
  parse(record: SourceRecord): Row;
}

const ANCHORS = ["anchor", "query", "question", "sentence1", "text1"];
const SECONDS = ["positive", "answer", "document", "passage", "content", "sentence2", "text2"];
const FLAG_EMBEDDING = ["query", "pos", "neg", "pos_scores", "neg_scores", "prompt", "type"];
const NEGATIVE = /^negative(?:_(\d+))?$/;

const layouts = [flagEmbedding, columnPerText];
const understood = [
  '"query" with the lists "pos" and "neg"',
  `one of ${listed(ANCHORS)} with one of ${listed(SECONDS)} and perhaps "negative", "negative_1", …, "score", "label"`,
];

/** Names of columns that are understood: what a header line is recognised by. */
export const knownColumns: ReadonlySet<string> = new Set([
  ...ANCHORS,
  ...SECONDS,
  ...FLAG_EMBEDDING,
  "negative",
  "negative_1",
  "score",
  "label",
]);

/** The layout of a record; E_LAYOUT says which keys it has and which are understood. */
export function layoutOf(record: SourceRecord): Layout {
  for (const recognise of layouts) {
    const layout = recognise(record);
    if (layout) return layout;
  }
  throw new AttuneError({
    code: "E_LAYOUT",
    place: `${record.path}:${record.line}`,
    expected: understood.join("; or "),
    got: `the keys ${listed(Object.keys(record.fields)) || "of an empty object"}`,
    hint: "rename the columns, or map them (--columns anchor=NAME,positive=NAME)",
  });
}

/** E_OPTION when a mapping (understood name -> name in the file) has a name that is not understood. */
export function expectKnownColumns(columns: Readonly<Record<string, string>> = {}): void {
  const known = [...knownColumns, "id"];
  const unknown = Object.keys(columns).find((name) => !known.includes(name) && !NEGATIVE.test(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  throw new AttuneError({
    code: "E_OPTION",
    place: "columns",
    problem: `${JSON.stringify(unknown)} is no column that rows have`,
    hint: nearest ? `did you mean ${JSON.stringify(nearest)}?` : `known: ${known.join(", ")}`,
  });
}

/** Lists of positives and negatives, as FlagEmbedding's trainers read them, old and new. */
function flagEmbedding(first: SourceRecord): Layout | undefined {
  if (!holds(first, "query") || !holds(first, "pos")) return undefined;
  return {
    name: "flag-embedding",
    columns: FLAG_EMBEDDING.filter((key) => holds(first, key)),
    parse(record) {
      const positives = textsField(record, "pos", 1);
      const negatives = textsField(record, "neg", 0);
      return withoutUndefined({
        id: optionalId(record, "id"),
        anchor: textField(record, "query"),
        positives,
        negatives,
        positiveScores: optionalNumbers(record, "pos_scores", "pos", positives.length),
        negativeScores: optionalNumbers(record, "neg_scores", "neg", negatives.length),
        prompt: optionalText(record, "prompt"),
        type: optionalText(record, "type"),
      });
    },
  };
}

/** A text per column: pairs, triplets, n-tuples (`negative_1`, `negative_2`, …) and, with `score` or `label`, labelled pairs. */
function columnPerText(first: SourceRecord): Layout | undefined {
  const anchor = ANCHORS.find((key) => holds(first, key));
  const second = SECONDS.find((key) => holds(first, key));
  if (!anchor || !second) return undefined;
  return {
    name: "columns",
    columns: [anchor, second, ...negativeColumns(first), ...["score", "label"].filter((key) => holds(first, key))],
    parse: (record) =>
      withoutUndefined({
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

function listed(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

function withoutUndefined(row: { [K in keyof Row]: Row[K] | undefined }): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as unknown as Row;
}
