// SQLite with sqlite-vec as an index plugin. Database and extension are loaded when an index is made.

import { AttuneError, definePlugin } from "@attune/core";
import { commonIndexOptions } from "@attune/search";
import { z } from "zod";
import { BUSY_TIMEOUT, createSqliteIndex } from "./sqlite-index.ts";
import type { SqliteOptions } from "./sqlite-index.ts";

export type { SqliteOptions } from "./sqlite-index.ts";

declare module "@attune/search" {
  interface IndexOptions {
    sqlite: SqliteOptions;
  }
}

/** The index `sqlite`. */
export const sqliteIndex = definePlugin({
  kind: "index",
  name: "sqlite",
  summary: "exact search in one SQLite file (sqlite-vec), in this process; what is added is on disk",
  options: z.strictObject({
    ...commonIndexOptions,
    metric: z.enum(["cosine"]).default("cosine").describe("sqlite-vec has no inner product"),
    path: z.string().min(1).optional().describe("the database file, made where it is missing; in memory when left out"),
    table: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected letters, digits and underscores")
      .default("vectors")
      .describe("the table in it"),
  }),
  async available() {
    return Promise.all([import("node:sqlite"), import("sqlite-vec").then(({ getLoadablePath }) => getLoadablePath())]).then(
      () => true as const,
      (error: Error) =>
        `SQLite with sqlite-vec cannot be loaded (${error.message.split("\n")[0]}): it needs node:sqlite and npm install sqlite-vec`,
    );
  },
  async create({ path, ...options }, { files }) {
    const { DatabaseSync } = await import("node:sqlite");
    const { load } = await import("sqlite-vec");
    let database: InstanceType<typeof DatabaseSync> | undefined;
    try {
      database = new DatabaseSync(path ?? ":memory:", { allowExtension: true });
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      load(database);
      database.exec("PRAGMA journal_mode = WAL");
      return createSqliteIndex({ database, files, options: { ...options, path } });
    } catch (error) {
      database?.close();
      throw new AttuneError({
        code: "E_INDEX_FILE",
        place: path ?? "index sqlite",
        problem: `is no database that can be opened: ${(error as Error).message}`,
      });
    }
  },
});
