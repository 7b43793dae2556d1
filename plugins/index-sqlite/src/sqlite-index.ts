// The index `sqlite`: one SQLite file with sqlite-vec's table, searched by comparing everything inside of this process. What is added is on disk when
// the call returns; any tool that loads sqlite-vec can join the table with its own.

import { AttuneError, joinPath, show } from "@attune/core";
import type { Files } from "@attune/core";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { acceptsBy, createIndex, emptyHits } from "@attune/search";
import type { CommonIndexOptions, Hits, IndexStore, SavedContent, SavedFiles, StoreRequest, VectorIndex } from "@attune/search";

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
  return createIndex(new SqliteStore(database, table, path), { name: "sqlite", metric: "cosine", dimension, files });
}

interface Found {
  readonly id: number;
  readonly distance: number;
}

/** sqlite-vec refuses a larger k; beyond it all distances are sorted. */
const LARGEST_K = 4096;

/** Vectors between two turns of the event loop. */
const PIECE = 2000;

/** Milliseconds that a statement waits for a lock. The event loop waits with it. */
export const BUSY_TIMEOUT = 5000;

/** Milliseconds that a change waits for whoever writes; nothing is held up meanwhile. */
const PATIENCE = 60_000;

/** The table of a saved index, whatever its name was. */
const SAVED_TABLE = "vectors";

/** The statement that makes a table of attune's, with D. */
const MADE = /^CREATE VIRTUAL TABLE "\w+" USING vec0\(id INTEGER PRIMARY KEY, vector float\[(\d+)\] distance_metric=cosine\)$/;

class SqliteStore implements IndexStore {
  readonly capabilities;
  readonly #database: DatabaseSync;
  readonly #table: string;
  /** As an error names it. */
  readonly #place: string;
  #statements: { insert: StatementSync; remove: StatementSync; count: StatementSync } | undefined;
  /** Whether vectors of zeros are in the table, and in which version of the database; undefined until somebody looks. */
  #zeros: { readonly some: boolean; readonly version: number } | undefined;

  constructor(database: DatabaseSync, table: string, path: string | undefined) {
    this.capabilities = { exact: true, lives: path === undefined ? "memory" : "file" } as const;
    this.#database = database;
    this.#table = table;
    this.#place = path ?? "index sqlite";
  }

  /** An empty table may be made anew. */
  async dimension(): Promise<number | undefined> {
    return this.size() > 0 ? this.#width() : undefined;
  }

  size(): number {
    return this.#width() === undefined ? 0 : Number((this.#prepared().count.get() as { count: number }).count);
  }

  /** D of the table, from the statement that made it. E_OPTION for one that somebody else made: it is neither filled nor dropped. */
  #width(): number | undefined {
    const sql = this.#statementOf("main", this.#table);
    if (sql === undefined) return undefined;
    const width = MADE.exec(sql)?.[1];
    if (width !== undefined) return Number(width);
    throw new AttuneError({
      code: "E_OPTION",
      place: `index sqlite table ${this.#table}`,
      problem: `is a table that attune did not make: ${show(sql, 200)}`,
      hint: "name another table",
    });
  }

  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    await this.#change(async () => {
      this.#makeTable(dimension);
      const { insert, remove } = this.#prepared();
      for (let row = 0; row < ids.length; row++) {
        remove.run(ids[row]); // a virtual table knows no INSERT OR REPLACE
        insert.run(BigInt(ids[row]), bytesOf(vectors.subarray(row * dimension, (row + 1) * dimension)));
        if (row % PIECE === PIECE - 1) await nextTurn();
      }
    });
    if (hasZeroRow(vectors, dimension)) this.#zeros = undefined;
  }

  async remove(ids: Uint32Array): Promise<number> {
    if (this.size() === 0) return 0;
    let removed = 0;
    if (this.#zeros?.some) this.#zeros = undefined;
    await this.#change(() => {
      const before = this.size();
      ids.forEach((id) => this.#prepared().remove.run(id));
      removed = before - this.size();
    });
    return removed;
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

  /** Only this table: the database may hold others. */
  async save(folder: string, prefix: string): Promise<SavedFiles> {
    const width = this.#width();
    if (width === undefined || this.size() === 0) return { files: [], size: 0 };
    const name = `${prefix}.sqlite`;
    const path = joinPath(folder, name);
    let size = 0;
    const copy = (): void => {
      this.#createTable("saved", SAVED_TABLE, width);
      this.#database.exec(`INSERT INTO saved.${SAVED_TABLE}(id, vector) SELECT id, vector FROM main."${this.#table}"`);
      size = this.size();
    };
    await this.#beside(path, () => this.#transaction("BEGIN", copy, path)); // others may write what is only read here
    return { files: [name], size };
  }

  async load({ folder, files, dimension, size }: SavedContent): Promise<void> {
    if (size === 0) return this.#change(() => this.#drop());
    const path = joinPath(folder, files[0]);
    const copy = (): void => {
      this.#expectSaved(path, `${size} vectors of ${dimension} dimensions`);
      this.#drop();
      this.#createTable("main", this.#table, dimension);
      this.#database.exec(`INSERT INTO main."${this.#table}"(id, vector) SELECT id, vector FROM saved.${SAVED_TABLE}`);
    };
    await this.#beside(path, () => this.#change(copy, path));
    this.#zeros = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#statements = undefined;
    this.#database.close();
  }

  /**
   * A search for one query. The distance of a vector of zeros is none; its cosine is taken as 0. Equal ones at the end are settled by sorting all, and
   * so is everything where there are such vectors: sqlite-vec's own search takes no distance for the least.
   */
  #search(width: number, accepted: readonly number[] | undefined): (query: Uint8Array) => Found[] {
    const among = accepted && JSON.stringify(accepted);
    const only = among === undefined ? "" : "id IN (SELECT value FROM json_each(?))";
    const filters = among === undefined ? [] : [among];
    const all = this.#database.prepare(
      `SELECT id, coalesce(vec_distance_cosine(vector, ?), 1) AS distance FROM "${this.#table}" ${only && `WHERE ${only}`} ORDER BY 2, 1 LIMIT ?`,
    );
    const sorted = (query: Uint8Array): Found[] => all.all(query, ...filters, width) as unknown as Found[];
    if (width >= LARGEST_K || this.#hasZeros()) return sorted;
    const nearest = this.#database.prepare(
      `SELECT id, coalesce(distance, 1) AS distance FROM "${this.#table}" WHERE vector MATCH ? AND k = ? ${only && `AND ${only}`} ORDER BY 2, 1`,
    );
    return (query) => {
      const found = nearest.all(query, width + 1, ...filters) as unknown as Found[];
      return found.length > width && found[width].distance === found[width - 1].distance ? sorted(query) : found.slice(0, width);
    };
  }

  /** Looks at all vectors, if this or another connection may have brought such ones since it was done last. */
  #hasZeros(): boolean {
    const version = this.#version();
    if (this.#zeros?.version !== version) {
      const zeros = this.#database
        .prepare(`SELECT 1 FROM "${this.#table}" WHERE vec_distance_cosine(vector, vector) IS NULL LIMIT 1`)
        .get();
      this.#zeros = { some: zeros !== undefined, version };
    }
    return this.#zeros.some;
  }

  /** Changes with each change by another connection. */
  #version(): number {
    return (this.#database.prepare("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  #accepted(filter: NonNullable<StoreRequest["filter"]>): number[] {
    if (typeof filter !== "function") return [...filter];
    const ids = this.#database.prepare(`SELECT id FROM "${this.#table}"`).all() as { id: number }[];
    return ids.map(({ id }) => id).filter(acceptsBy(filter));
  }

  /** Where there is none of this width; an empty one of another makes way. E_VECTORS where that is not empty. */
  #makeTable(dimension: number): void {
    const width = this.#width();
    if (width === dimension) return;
    if (this.size() > 0) {
      const place = `index sqlite table ${this.#table}`;
      throw new AttuneError({ code: "E_VECTORS", place, expected: `vectors of ${width} dimensions`, got: String(dimension) });
    }
    this.#drop();
    this.#createTable("main", this.#table, dimension);
    this.#zeros = { some: false, version: this.#version() };
  }

  #createTable(schema: "main" | "saved", table: string, dimension: number): void {
    const columns = `id INTEGER PRIMARY KEY, vector float[${dimension}] distance_metric=cosine`;
    this.#database.exec(`CREATE VIRTUAL TABLE ${schema}."${table}" USING vec0(${columns})`);
  }

  #drop(): void {
    if (this.#width() === undefined) return;
    this.#statements = undefined;
    this.#database.exec(`DROP TABLE main."${this.#table}"`);
  }

  /** The statement that made a table, view or index; their names know no capitals. */
  #statementOf(schema: "main" | "saved", table: string): string | undefined {
    const made = this.#database
      .prepare(`SELECT coalesce(sql, '') AS sql FROM ${schema}.sqlite_master WHERE name = ? COLLATE NOCASE AND type <> 'trigger'`)
      .get(table) as { sql: string } | undefined;
    return made?.sql;
  }

  /** E_INDEX_FILE for a saved database that does not hold what its manifest says. */
  #expectSaved(path: string, expected: string): void {
    const { count } = this.#database.prepare(`SELECT count(*) AS count FROM saved.${SAVED_TABLE}`).get() as { count: number };
    const [, width = "unknown"] = MADE.exec(this.#statementOf("saved", SAVED_TABLE) ?? "") ?? [];
    const got = `${count} vectors of ${width} dimensions`;
    if (got === expected) return;
    throw new AttuneError({ code: "E_INDEX_FILE", place: path, expected, got, hint: "build the index again and save it" });
  }

  /** Runs `work` with the database at `path` as `saved`. */
  async #beside(path: string, work: () => Promise<void>): Promise<void> {
    await explained(path, () => this.#database.prepare("ATTACH ? AS saved").run(path));
    try {
      await work();
    } finally {
      this.#database.exec("DETACH saved");
    }
  }

  /** Runs `work` as the only one who writes; what throws undoes all of it. */
  #change(work: () => void | Promise<void>, place?: string): Promise<void> {
    return this.#transaction("BEGIN IMMEDIATE", work, place);
  }

  async #transaction(begin: string, work: () => void | Promise<void>, place = this.#place): Promise<void> {
    await explained(place, async () => {
      await this.#begin(begin);
      try {
        await work();
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK"); // a full disk has rolled back
        this.#zeros = undefined;
        throw error;
      }
    });
  }

  /** Waits between its attempts and not in SQLite: who writes may be another index of this process, which needs the event loop to go on. */
  async #begin(statement: string): Promise<void> {
    for (const end = performance.now() + PATIENCE; ; await sleep(10)) {
      try {
        this.#database.exec(`PRAGMA busy_timeout = 0; ${statement}`);
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw error;
      } finally {
        this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      }
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

/** Runs `work`; what SQLite refuses is E_INDEX_FILE. */
async function explained(place: string, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_SQLITE_ERROR") throw error;
    throw new AttuneError({
      code: "E_INDEX_FILE",
      place,
      problem: `cannot be read or written: ${(error as Error).message}`,
      cause: error,
    });
  }
}

/** SQLITE_BUSY in any of its forms: somebody else has the lock. */
function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 5;
}

function hasZeroRow(vectors: Float32Array, dimension: number): boolean {
  for (let row = 0; row < vectors.length; row += dimension) {
    let at = row;
    while (at < row + dimension && vectors[at] === 0) at++;
    if (at === row + dimension) return true;
  }
  return false;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
