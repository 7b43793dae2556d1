// The layouts of rows that are understood, each recognised by its keys. A new layout is one function in `layouts`.

import { AttuneError, nearestName } from "@attune/core";
import { ANCHORS, columnPerText, NEGATIVE, SECONDS } from "./column-layout.ts";
import type { SourceRecord } from "./fields.ts";
import type { Layout } from "./layout.ts";
import { FLAG_EMBEDDING, flagEmbedding, ragRetrieval, tevatron } from "./list-layouts.ts";

const layouts = [flagEmbedding, ragRetrieval, tevatron, columnPerText];
const understood = [
  '"query" with the lists "pos" and "neg"',
  '"query" with "hits" of "content" and "label"',
  '"query" with "positive_passages" and "negative_passages"',
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

/** Columns that tables do not have, and the keys of the objects in them. */
const NESTED = ["hits", "query_id", "positive_passages", "negative_passages", "docid", "title", "text"];

/** The layout of a record; E_LAYOUT says which keys it has and which are understood, or which one of a mapping is not there. */
export function layoutOf(record: SourceRecord): Layout {
  for (const recognise of layouts) {
    const layout = recognise(record);
    if (layout) return layout;
  }
  const unmapped = Object.values(record.columns ?? {}).find((name) => !(name in record.fields));
  if (unmapped !== undefined) throw noSuchColumn(record, unmapped);
  throw new AttuneError({
    code: "E_LAYOUT",
    place: `${record.path}:${record.line}`,
    expected: understood.join("; or "),
    got: `the keys ${listed(Object.keys(record.fields)) || "of an empty object"}`,
    hint: "rename the columns, or map them (--columns anchor=NAME,positive=NAME)",
  });
}

function noSuchColumn({ path, line, fields }: SourceRecord, name: string): AttuneError {
  const names = Object.keys(fields);
  const nearest = nearestName(name, names);
  return new AttuneError({
    code: "E_LAYOUT",
    place: `${path}:${line}`,
    expected: `the column ${JSON.stringify(name)} (--columns)`,
    got: listed(names) || "an empty object",
    ...(nearest !== undefined && { hint: `did you mean ${JSON.stringify(nearest)}?` }),
  });
}

/** E_OPTION when a mapping (understood name -> name in the file) has a name that is not understood. */
export function expectKnownColumns(columns: Readonly<Record<string, string>> = {}): void {
  const known = [...knownColumns, "id", ...NESTED];
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

function listed(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
