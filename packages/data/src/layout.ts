// What a layout of rows is: a way to make rows of a file's records, recognised by the keys of the first one.

import type { SourceRecord } from "./fields.ts";
import type { Row } from "./row.ts";

/** What the rows of one file look like. */
export interface Layout {
  readonly name: string;
  /** The understood columns of the record that it was recognised by, for messages. */
  readonly columns: readonly string[];
  /** E_ROW for values that do not fit. */
  parse(record: SourceRecord): Row;
}

/** A row of the fields that have a value. */
export function rowOf(fields: { [K in keyof Row]: Row[K] | undefined }): Row {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as Row;
}
