// How attune makes a table, and how it knows one again. A table of any other shape is somebody's data: it is neither searched, filled nor dropped.

import { AttuneError, show } from "@attune/core";

/** Columns of a table for vectors of D numbers, as SQL. */
export function columnsOf(stored: string, dimension: number | "D"): string {
  return `id bigint PRIMARY KEY, vector ${stored}(${dimension}) NOT NULL`;
}

const MADE = /^id bigint PRIMARY KEY, vector (vector|halfvec)\((\d+)\) NOT NULL$/;

/** Asks for the columns of the table $1 in the same words; no row where nothing has that name. */
export const COLUMNS_OF_TABLE = `
  SELECT coalesce(string_agg(
    attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnum = ANY (indkey) THEN ' PRIMARY KEY' WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
    ', ' ORDER BY attnum
  ), '') AS columns
  FROM pg_class
  LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
  WHERE pg_class.oid = to_regclass($1)
  GROUP BY pg_class.oid`;

/** Asks for the options of the index $1 of the table $2, if it is there. */
export const GRAPH_OF_TABLE = `
  SELECT array_to_string(reloptions, ', ') AS options
  FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
  WHERE pg_class.oid = to_regclass($1) AND indrelid = to_regclass($2)`;

interface GraphOptions {
  readonly table: string;
  readonly m: number;
  readonly efConstruction: number;
}

/** E_OPTION for a graph that was built with other options, over vectors that are there: it would be searched as it is. */
export function expectGraph(built: string, { table, m, efConstruction }: GraphOptions): void {
  if (built === `m=${m}, ef_construction=${efConstruction}`) return;
  throw new AttuneError({
    code: "E_OPTION",
    place: `index pgvector table ${table}`,
    problem: "has a graph that was built with other options",
    expected: `m=${m}, ef_construction=${efConstruction}`,
    got: built,
    hint: `give m and efConstruction as it has them, or have a new one built: DROP INDEX "${table}_hnsw"`,
  });
}

/** D of a table with these columns. E_OPTION where attune did not make them, or not with these options. */
export function widthOf(columns: string, { table, stored }: { readonly table: string; readonly stored: string }): number {
  const place = `index pgvector table ${table}`;
  const [made, type, width] = MADE.exec(columns) ?? [];
  if (made === undefined) {
    throw new AttuneError({
      code: "E_OPTION",
      place,
      problem: "is a table that attune did not make",
      expected: columnsOf(stored, "D"),
      got: show(columns, 200),
      hint: "name another table",
    });
  }
  if (type === stored) return Number(width);
  throw new AttuneError({
    code: "E_OPTION",
    place,
    problem: `has vectors stored as ${type}, not as ${stored}`,
    hint: `give stored ${type}, or name another table`,
  });
}
