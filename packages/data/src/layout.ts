// What a layout of rows is: a way to make rows of a file's records, recognised by the keys of the first one.

import type { SourceRecord } from "./fields.ts";
import type { Row } from "./row.ts";

/** A kind of layout, and the keys that it is made of. */
export interface LayoutKind {
  /** What its records have, for messages. */
  readonly says: string;
  /** Every key that its records may have; `id` apart, each is enough to tell a table's header from a row. */
  readonly keys: readonly string[];
  /** Keys of the objects inside of a record. */
  readonly inside?: readonly string[];
  /** Undefined for the first record of another layout. */
  recognise(first: SourceRecord): Layout | undefined;
}

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
