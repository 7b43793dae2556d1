// pgvector as an index plugin. The client is loaded when an index is made.

import { definePlugin } from "@attune/core";
import { commonIndexOptions } from "@attune/search";
import { z } from "zod";
import { createPgvectorIndex, expectWidthFits } from "./pgvector-index.ts";
import type { PgvectorOptions } from "./pgvector-index.ts";
import { connect } from "./server.ts";

export type { PgvectorOptions } from "./pgvector-index.ts";

declare module "@attune/search" {
  interface IndexOptions {
    pgvector: PgvectorOptions;
  }
}

/** The index `pgvector`. */
export const pgvectorIndex = definePlugin({
  kind: "index",
  name: "pgvector",
  summary: "a table of a PostgreSQL server (pgvector), for what outgrows one process; approximate by default",
  options: z.strictObject({
    ...commonIndexOptions,
    url: z
      .string()
      .min(1)
      .optional()
      .describe("postgresql://user@host:port/database; PGHOST, PGUSER, … of the environment when left out, PGPASSWORD always"),
    table: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected letters, digits and underscores")
      .default("attune_vectors")
      .describe("the table, made where it is missing"),
    stored: z.enum(["vector", "halfvec"]).default("vector").describe("type of a stored vector; halfvec takes half the space"),
    graph: z.enum(["hnsw", "none"]).default("hnsw").describe("none compares everything"),
    m: z.int().min(2).max(100).default(16).describe("links of a vector; space and recall rise with it"),
    efConstruction: z.int().min(4).max(1000).default(128).describe("candidates while building; more finds more and builds slower"),
    efSearch: z.int().positive().max(1000).default(128).describe("candidates while searching; more finds more and searches slower"),
  }),
  async available() {
    return import("pg").then(
      () => true as const,
      (error: Error) => `pg cannot be loaded (${error.message.split("\n")[0]}): npm install pg`,
    );
  },
  async create(options, { files }) {
    expectWidthFits(options);
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionTimeoutMillis: 10_000, ...(options.url !== undefined && { connectionString: options.url }) });
    return createPgvectorIndex(await connect(client), files, options);
  },
});
