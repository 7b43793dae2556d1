// The layouts of rows that are understood, each recognised by its keys. A new layout is one entry of `layouts`.

import { AttuneError, nearestName } from "@attune/core";
import { columnPerText } from "./column-layout.ts";
import { listed, type Columns } from "./column-names.ts";
import type { SourceRecord } from "./fields.ts";
import type { Layout } from "./layout.ts";
import { flagEmbedding, ragRetrieval, tevatron } from "./list-layouts.ts";
import { NEGATIVE } from "./row-keys.ts";

const layouts = [flagEmbedding, ragRetrieval, tevatron, columnPerText];

/** Names of columns that are understood: what the header of a table is recognised by. */
export const knownColumns: ReadonlySet<string> = new Set(layouts.flatMap(({ keys }) => keys));

/** The layout of a record; E_LAYOUT says which keys it has and which are understood, E_OPTION which name of a mapping is not there. */
export function layoutOf(record: SourceRecord): Layout {
  for (const { recognise } of layouts) {
    const layout = recognise(record);
    if (layout) return layout;
  }
  const place = `${record.path}:${record.line}`;
  record.names?.expectNoneMissed(place);
  throw new AttuneError({
    code: "E_LAYOUT",
    place,
    expected: layouts.map(({ says }) => says).join("; or "),
    got: `the keys ${listed(Object.keys(record.fields)) || "of an empty object"}`,
    hint: "rename the columns, or map them (--columns anchor=NAME,positive=NAME)",
  });
}

/** E_OPTION when a mapping (understood name -> name in the file) has a name that is not understood. */
export function expectKnownColumns(columns: Columns = {}): void {
  const known = [...new Set([...knownColumns, "id", ...layouts.flatMap(({ inside = [] }) => inside)])];
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
