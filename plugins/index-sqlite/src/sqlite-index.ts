// The index `sqlite`: one SQLite file with sqlite-vec's table, searched by comparing everything inside of this process. What is added is on disk when
// the call returns; any tool that loads sqlite-vec can join the table with its own.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { acceptsBy, createIndex, emptyHits } from "@attune/search";
import type { CommonIndexOptions, Hits, IndexStore, SavedContent, StoreRequest, VectorIndex } from "@attune/search";

export interface SqliteOptions extends Omit<CommonIndexOptions, "metric"> {
  metric?: "cosine";
  /** The database; in memory where it is left out. */
  path?: string;
  table?: string;
}

/** What an index is made of. */
export interface SqliteParts {
  /** With sqlite-vec loaded. */
  readonly database: DatabaseSync;
  readonly files: Files;
  readonly options: { readonly dimension?: number | undefined; readonly path?: string | undefined; readonly table: string };
}

/** An index over a table of a database, which it closes. */
export function createSqliteIndex({ database, files, options }: SqliteParts): VectorIndex {
  const { dimension, path, table } = options;
  const store = new SqliteStore(database, table, path === undefined ? "memory" : "file");
  return createIndex(store, { name: "sqlite", metric: "cosine", dimension, files });
}

interface Found {
  readonly id: number;
  readonly distance: number;
}

/** sqlite-vec refuses a larger k; beyond it all distances are sorted. */
const LARGEST_K = 4096;

/** Vectors of one transaction, so that the event loop is let in between. */
const PIECE = 2000;

class SqliteStore implements IndexStore {
  readonly capabilities;
  readonly #database: DatabaseSync;
  readonly #table: string;
  #statements: { insert: StatementSync; remove: StatementSync; count: StatementSync } | undefined;

  constructor(database: DatabaseSync, table: string, lives: "memory" | "file") {
    this.capabilities = { exact: true, lives } as const;
    this.#database = database;
    this.#table = table;
  }

  /** An empty table may be made anew. */
  async dimension(): Promise<number | undefined> {
    return this.size() > 0 ? this.#width() : undefined;
  }

  size(): number {
    return this.#width() === undefined ? 0 : Number((this.#prepared().count.get() as { count: number }).count);
  }

  /** D of the table, from the statement that made it. */
  #width(): number | undefined {
    const made = this.#database.prepare("SELECT sql FROM sqlite_master WHERE name = ?").get(this.#table) as { sql: string } | undefined;
    return made && Number(/float\[(\d+)\]/.exec(made.sql)?.[1]);
  }

  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    if (this.#width() !== dimension) this.#drop();
    this.#database.exec(
      `CREATE VIRTUAL TABLE IF NOT EXISTS "${this.#table}" USING vec0(id INTEGER PRIMARY KEY, vector float[${dimension}] distance_metric=cosine)`,
    );
    for (let start = 0; start < ids.length; start += PIECE) {
      this.#transaction(({ insert, remove }) => {
        for (let row = start; row < Math.min(ids.length, start + PIECE); row++) {
          remove.run(ids[row]); // a virtual table knows no INSERT OR REPLACE
          insert.run(BigInt(ids[row]), bytesOf(vectors.subarray(row * dimension, (row + 1) * dimension)));
        }
      });
      await nextTurn();
    }
  }

  remove(ids: Uint32Array): number {
    const before = this.size();
    if (before > 0) this.#transaction(({ remove }) => ids.forEach((id) => remove.run(id)));
    return before - this.size();
  }

  async find(queries: Float32Array, { width, dimension, filter, signal }: StoreRequest): Promise<Hits> {
    const count = queries.length / dimension;
    const hits = emptyHits(count, width);
    const accepted = filter && this.#accepted(filter);
    if (accepted?.length === 0) return hits;
    const search = this.#search(width, accepted);
    for (let query = 0; query < count; query++) {
      signal?.throwIfAborted();
      const found = search(bytesOf(queries.subarray(query * dimension, (query + 1) * dimension)));
      found.forEach(({ id, distance }, place) => {
        hits.ids[query * width + place] = id;
        hits.scores[query * width + place] = 1 - distance;
      });
      await nextTurn();
    }
    return hits;
  }

  async save(folder: string, prefix: string): Promise<string[]> {
    const name = `${prefix}.sqlite`;
    this.#database.prepare("VACUUM INTO ?").run(joinPath(folder, name));
    return [name];
  }

  async load({ folder, files, dimension }: SavedContent): Promise<void> {
    this.#database.prepare("ATTACH ? AS saved").run(joinPath(folder, files[0]));
    try {
      this.#database.exec("BEGIN");
      this.#drop();
      if (dimension > 0) {
        const columns = `id INTEGER PRIMARY KEY, vector float[${dimension}] distance_metric=cosine`;
        this.#database.exec(`CREATE VIRTUAL TABLE main."${this.#table}" USING vec0(${columns})`);
        const [{ name }] = this.#database.prepare("SELECT name FROM saved.sqlite_master WHERE sql LIKE '%USING vec0%'").all() as [
          { name: string },
        ];
        this.#database.exec(`INSERT INTO main."${this.#table}"(id, vector) SELECT id, vector FROM saved."${name}"`);
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#database.exec("DETACH saved");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#statements = undefined;
    this.#database.close();
  }

  /** A search for one query. The distance of a vector of zeros is none; its cosine is taken as 0. Equal ones at the end are settled by sorting all. */
  #search(width: number, accepted: readonly number[] | undefined): (query: Uint8Array) => Found[] {
    const among = accepted && JSON.stringify(accepted);
    const only = among === undefined ? "" : "id IN (SELECT value FROM json_each(?))";
    const filters = among === undefined ? [] : [among];
    const all = this.#database.prepare(
      `SELECT id, coalesce(vec_distance_cosine(vector, ?), 1) AS distance FROM "${this.#table}" ${only && `WHERE ${only}`} ORDER BY 2, 1 LIMIT ?`,
    );
    const sorted = (query: Uint8Array): Found[] => all.all(query, ...filters, width) as unknown as Found[];
    if (width >= LARGEST_K) return sorted;
    const nearest = this.#database.prepare(
      `SELECT id, coalesce(distance, 1) AS distance FROM "${this.#table}" WHERE vector MATCH ? AND k = ? ${only && `AND ${only}`} ORDER BY 2, 1`,
    );
    return (query) => {
      const found = nearest.all(query, width + 1, ...filters) as unknown as Found[];
      return found.length > width && found[width].distance === found[width - 1].distance ? sorted(query) : found.slice(0, width);
    };
  }

  #accepted(filter: NonNullable<StoreRequest["filter"]>): number[] {
    if (typeof filter !== "function") return [...filter];
    const ids = this.#database.prepare(`SELECT id FROM "${this.#table}"`).all() as { id: number }[];
    return ids.map(({ id }) => id).filter(acceptsBy(filter));
  }

  #drop(): void {
    this.#statements = undefined;
    this.#database.exec(`DROP TABLE IF EXISTS main."${this.#table}"`);
  }

  #transaction(work: (statements: { insert: StatementSync; remove: StatementSync }) => void): void {
    const statements = this.#prepared();
    this.#database.exec("BEGIN");
    try {
      work(statements);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #prepared() {
    return (this.#statements ??= {
      insert: this.#database.prepare(`INSERT INTO "${this.#table}"(id, vector) VALUES (?, ?)`),
      remove: this.#database.prepare(`DELETE FROM "${this.#table}" WHERE id = ?`),
      count: this.#database.prepare(`SELECT count(*) AS count FROM "${this.#table}"`),
    });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
