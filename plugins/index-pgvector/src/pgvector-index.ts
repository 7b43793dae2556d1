// The index `pgvector`: a table of a PostgreSQL server, for collections that outgrow one process or are shared by several. What is added is on the
// server when the call returns. With a graph (hnsw) the server searches approximately; what a filter lets through is always compared one by one.

import { AttuneError, type Files } from "@attune/core";
import { acceptsBy, createIndex, emptyHits, readRows, writeRows } from "@attune/search";
import type { CommonIndexOptions, Hits, IndexStore, Rows, SavedContent, SavedFiles, StoreRequest, VectorIndex } from "@attune/search";
import type { Server } from "./server.ts";
import { COLUMNS_OF_TABLE, columnsOf, expectGraph, GRAPH_OF_TABLE, widthOf } from "./table-shape.ts";

export interface PgvectorOptions extends CommonIndexOptions {
  /** postgresql://user@host:port/database; the PG* variables of the environment where it is left out. */
  url?: string;
  table?: string;
  /** `halfvec` takes half the space. */
  stored?: "vector" | "halfvec";
  /** `none` compares everything. */
  graph?: "hnsw" | "none";
  m?: number;
  efConstruction?: number;
  efSearch?: number;
}

/** With defaults filled in. */
export type ResolvedPgvectorOptions = Required<Omit<PgvectorOptions, "dimension" | "url">> & Pick<PgvectorOptions, "dimension" | "url">;

/** An index over a table of a server, whose connection it closes. */
export function createPgvectorIndex(server: Server, files: Files, options: ResolvedPgvectorOptions): VectorIndex {
  const { metric, dimension } = options;
  return createIndex(new PgvectorStore(server, files, options), { name: "pgvector", metric, dimension, files });
}

/** Vectors of one statement. */
const PIECE = 500;
/** Queries of one statement. */
const QUERIES = 64;
/** pgvector refuses a larger ef_search; beyond it everything is compared. */
const LARGEST_EF = 1000;

/** What some queries ask for: places, all vectors or those of the graph, and among which. */
interface Search {
  readonly width: number;
  readonly compared: boolean;
  readonly accepted: readonly number[] | undefined;
}

/** A hit; the last one of a query and place counts. */
interface Found {
  readonly query: number;
  readonly id: string;
  readonly score: number;
  readonly place: number;
}

class PgvectorStore implements IndexStore {
  readonly capabilities;
  readonly #server: Server;
  readonly #files: Files;
  readonly #options: ResolvedPgvectorOptions;
  readonly #table: string;
  /** The graph is built when it is first needed: over vectors that are there it is faster than growing with them. */
  #graphIsThere = false;
  /** Whether this index has put in vectors: before that, an empty table may have a graph of earlier ones. */
  #filled = false;

  constructor(server: Server, files: Files, options: ResolvedPgvectorOptions) {
    this.capabilities = { exact: options.graph === "none", lives: "server" } as const;
    this.#server = server;
    this.#files = files;
    this.#options = options;
    this.#table = `"${options.table}"`;
  }

  /** An empty table may be made anew. */
  async dimension(): Promise<number | undefined> {
    return (await this.sizeUpTo(1)) > 0 ? this.#width() : undefined;
  }

  size(): Promise<number> {
    return this.#count(this.#table);
  }

  /** Counting all of a large table takes seconds. */
  sizeUpTo(limit: number): Promise<number> {
    return this.#count(`(SELECT 1 FROM ${this.#table} LIMIT ${limit}) AS counted`);
  }

  async #count(rows: string): Promise<number> {
    if ((await this.#width()) === undefined) return 0;
    const [{ count }] = await this.#server.rows<{ count: string }>(`SELECT count(*) FROM ${rows}`);
    return Number(count);
  }

  /** D of the table, where there is one. E_OPTION for another's. */
  async #width(): Promise<number | undefined> {
    const [table] = await this.#server.rows<{ columns: string }>(COLUMNS_OF_TABLE, [this.#table]);
    return table && widthOf(table.columns, this.#options);
  }

  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    await this.#server.transaction(async () => {
      const width = await this.#width();
      if (width !== undefined && width !== dimension) await this.#dropEmpty(width, dimension);
      if (width !== dimension) await this.#createTable(dimension);
      else if (!this.#filled && (await this.sizeUpTo(1)) === 0) await this.#dropGraph();
      await this.#insert({ ids, vectors }, dimension);
    });
    this.#filled = true;
  }

  async remove(ids: Uint32Array): Promise<number> {
    if ((await this.sizeUpTo(1)) === 0) return 0;
    const [{ count }] = await this.#server.rows<{ count: string }>(
      `WITH removed AS (DELETE FROM ${this.#table} WHERE id = ANY($1::bigint[]) RETURNING 1) SELECT count(*) FROM removed`,
      [[...ids]],
    );
    return Number(count);
  }

  async find(queries: Float32Array, { width, dimension, filter, signal }: StoreRequest): Promise<Hits> {
    const count = queries.length / dimension;
    const hits = emptyHits(count, width);
    const accepted = filter && (await this.#accepted(filter));
    if (accepted?.length === 0) return hits;
    const compared = accepted !== undefined || width > LARGEST_EF || this.#options.graph === "none";
    if (!compared) await this.#createGraph();
    for (let start = 0; start < count; start += QUERIES) {
      signal?.throwIfAborted();
      const texts = textsOf(queries.subarray(start * dimension, (start + QUERIES) * dimension), dimension);
      for (const { query, id, score, place } of await this.#all(texts, { width, compared, accepted })) {
        hits.ids[(start + query) * width + place] = Number(id);
        hits.scores[(start + query) * width + place] = score;
      }
    }
    return hits;
  }

  save(folder: string, prefix: string): Promise<SavedFiles> {
    return this.#server.transaction(async () => {
      await this.#server.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); // what others change meanwhile is not seen
      return await writeRows(this.#files, { folder, prefix, stored: "f32" }, this.#allRows());
    });
  }

  async load(saved: SavedContent): Promise<void> {
    await this.#server.transaction(async () => {
      if ((await this.#width()) !== undefined) await this.#drop();
      if (saved.dimension === 0) return;
      await this.#createTable(saved.dimension);
      for await (const rows of readRows(this.#files, saved)) await this.#insert(rows, saved.dimension);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #createTable(dimension: number): Promise<void> {
    await this.#server.rows("CREATE EXTENSION IF NOT EXISTS vector");
    await this.#server.rows(`CREATE TABLE IF NOT EXISTS ${this.#table} (${columnsOf(this.#options.stored, dimension)})`);
  }

  /** Makes way for vectors of another width. E_VECTORS where the table is not empty. */
  async #dropEmpty(width: number, wanted: number): Promise<void> {
    await this.#server.rows(`LOCK TABLE ${this.#table}`); // nobody fills it between the look and the drop
    if ((await this.sizeUpTo(1)) === 0) return this.#drop();
    throw new AttuneError({
      code: "E_VECTORS",
      place: `index pgvector table ${this.#options.table}`,
      expected: `vectors of ${width} dimensions`,
      got: String(wanted),
    });
  }

  async #drop(): Promise<void> {
    await this.#server.rows(`DROP TABLE ${this.#table}`);
    this.#graphIsThere = false;
  }

  async #createGraph(): Promise<void> {
    if (this.#graphIsThere) return;
    const { stored, m, efConstruction } = this.#options;
    const [graph] = await this.#server.rows<{ options: string }>(GRAPH_OF_TABLE, [this.#graph, this.#table]);
    if (graph) expectGraph(graph.options, this.#options);
    await this.#server.rows(
      `CREATE INDEX IF NOT EXISTS ${this.#graph} ON ${this.#table} USING hnsw (vector ${stored}_ip_ops) WITH (m = ${m}, ef_construction = ${efConstruction})`,
    );
    this.#graphIsThere = true;
  }

  async #dropGraph(): Promise<void> {
    await this.#server.rows(`DROP INDEX IF EXISTS ${this.#graph}`);
    this.#graphIsThere = false;
  }

  /** The name of the graph, as SQL. */
  get #graph(): string {
    return `"${this.#options.table}_hnsw"`;
  }

  async #insert({ ids, vectors }: Rows, dimension: number): Promise<void> {
    for (let start = 0; start < ids.length; start += PIECE) {
      const some = [...ids.subarray(start, start + PIECE)];
      await this.#server.rows(
        `INSERT INTO ${this.#table} SELECT * FROM unnest($1::bigint[], $2::${this.#options.stored}[]) ON CONFLICT (id) DO UPDATE SET vector = excluded.vector`,
        [some, textsOf(vectors.subarray(start * dimension, (start + some.length) * dimension), dimension)],
      );
    }
  }

  /**
   * As `#nearest`, and then by comparing for the queries that found too few: until the server has cleaned up, a graph also leads to vectors that are gone,
   * which take the places of others.
   */
  async #all(queries: readonly string[], search: Search): Promise<Found[]> {
    const found = await this.#nearest(queries, search);
    if (search.compared || found.length === queries.length * search.width) return found;
    const counts = new Map<number, number>();
    for (const { query } of found) counts.set(query, (counts.get(query) ?? 0) + 1);
    const few = Array.from(queries.keys()).filter((query) => (counts.get(query) ?? 0) < search.width);
    const compared = await this.#nearest(
      few.map((query) => queries[query]),
      { ...search, compared: true },
    );
    return [...found, ...compared.map((one) => ({ ...one, query: few[one.query] }))];
  }

  /** `<#>` is the negative inner product. */
  #nearest(queries: readonly string[], { width, compared, accepted }: Search): Promise<Found[]> {
    const { stored, efSearch } = this.#options;
    const order = compared ? "score DESC, id" : "vector <#> queries.vector";
    const among = accepted ? "WHERE id = ANY($3::bigint[])" : "";
    return this.#server.transaction(async () => {
      await this.#server.rows(`SET LOCAL hnsw.ef_search = ${Math.min(LARGEST_EF, Math.max(efSearch, width))}`);
      if (!compared) await this.#server.rows("SET LOCAL enable_seqscan = off"); // small tables, too, so that a search is what it is asked to be
      return this.#server.rows<Found>(
        `SELECT (number - 1)::int AS query, hit.id, hit.score, (row_number() OVER (PARTITION BY number ORDER BY hit.score DESC, hit.id) - 1)::int AS place
         FROM unnest($1::${stored}[]) WITH ORDINALITY AS queries(vector, number)
         CROSS JOIN LATERAL (
           SELECT id, -(${this.#table}.vector <#> queries.vector) AS score FROM ${this.#table} ${among} ORDER BY ${order} LIMIT $2
         ) AS hit`,
        [queries, width, ...(accepted ? [accepted] : [])],
      );
    });
  }

  async #accepted(filter: NonNullable<StoreRequest["filter"]>): Promise<number[]> {
    if (typeof filter !== "function") return [...filter];
    const ids = await this.#server.rows<{ id: string }>(`SELECT id FROM ${this.#table}`);
    return ids.map(({ id }) => Number(id)).filter(acceptsBy(filter));
  }

  async *#allRows(): AsyncGenerator<Rows> {
    if ((await this.sizeUpTo(1)) === 0) return;
    for (let after = -1; ;) {
      const rows = await this.#server.rows<{ id: string; vector: string }>(
        `SELECT id, vector::text FROM ${this.#table} WHERE id > $1 ORDER BY id LIMIT ${PIECE}`,
        [after],
      );
      if (rows.length === 0) return;
      yield {
        ids: Uint32Array.from(rows, ({ id }) => Number(id)),
        vectors: Float32Array.from(rows.flatMap(({ vector }) => JSON.parse(vector) as number[])),
      };
      after = Number(rows.at(-1)!.id);
    }
  }
}

/** Vectors [N D] as pgvector reads them. */
function textsOf(vectors: Float32Array, dimension: number): string[] {
  return Array.from(
    { length: vectors.length / dimension },
    (_, row) => `[${vectors.subarray(row * dimension, (row + 1) * dimension).join(",")}]`,
  );
}

/** E_OPTION for a type that pgvector builds no graph over. */
export function expectWidthFits({ graph, stored, dimension }: ResolvedPgvectorOptions): void {
  const most = stored === "halfvec" ? 4000 : 2000;
  if (graph === "none" || dimension === undefined || dimension <= most) return;
  throw new AttuneError({
    code: "E_OPTION",
    place: "index pgvector dimension",
    expected: `at most ${most} for a graph over ${stored}`,
    got: String(dimension),
    hint: "give stored halfvec, or graph none",
  });
}
