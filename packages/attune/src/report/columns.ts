// The columns of a data set, as a person is told of them.

import type { RowFormat } from "@attune/data";

/** "anchor, positive"; for a table without a header that its first line was not taken for one. */
export function columnsOf({ columns, headerless }: RowFormat): string {
  return `${columns.join(", ")}${headerless ? "; no known header, so line 1 is a row" : ""}`;
}
