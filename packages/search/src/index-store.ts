// What an index has to write: storage and search. Everything that is the same for all indexes - checks, unit vectors, replacing, order, saved folders - is done around
// it by `createIndex`, so a store may trust what it is given.

import { NO_ID, type Hits, type IndexCapabilities } from "./vector-index.ts";

/** What a search asks a store for. */
export interface StoreRequest {
  /** Places per query, at least 1 and at most the number of vectors. */
  readonly width: number;
  /** D */
  readonly dimension: number;
  /** Whether a vector may be found; all where it is left out. A set where the user gave one. */
  readonly filter?: ReadonlySet<number> | ((id: number) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A folder and the names of the files in it that are one saved index; vectors of D numbers, of which there are `size`. */
export interface SavedContent {
  readonly folder: string;
  readonly files: readonly string[];
  readonly dimension: number;
  readonly size: number;
}

/** The names of the files that a store wrote, and how many vectors are in them, whatever others have changed meanwhile. */
export type SavedFiles = Pick<SavedContent, "files" | "size">;

/** Vectors have unit length under cosine, so a store ranks by inner product. */
export interface IndexStore extends AsyncDisposable {
  readonly capabilities: IndexCapabilities;
  /** D of what it already holds, for stores that outlive the process. */
  dimension?(): Promise<number | undefined>;
  size(): number | Promise<number>;
  /** The size, or `limit` where there are more, for stores that take long to count. */
  sizeUpTo?(limit: number): Promise<number>;
  /** Adds or replaces vectors [N D]; ids are distinct. */
  put(ids: Uint32Array, vectors: Float32Array, dimension: number): void | Promise<void>;
  /** How many of these were there. */
  remove(ids: Uint32Array): number | Promise<number>;
  /** Hits best first; equal scores in any order. The store is not empty. */
  find(queries: Float32Array, request: StoreRequest): Promise<Hits>;
  /** Writes files whose names begin with `prefix`. They are brought to the disk afterwards. */
  save(folder: string, prefix: string): Promise<SavedFiles>;
  /** Replaces its content by that of files that are whole. */
  load(saved: SavedContent): Promise<void>;
}

/** No hit in any place. */
export function emptyHits(queries: number, width: number): Hits {
  return { width, ids: new Uint32Array(queries * width).fill(NO_ID), scores: new Float32Array(queries * width).fill(-Infinity) };
}

/** A filter as a function. */
export function acceptsBy(filter: ReadonlySet<number> | ((id: number) => boolean)): (id: number) => boolean {
  return typeof filter === "function" ? filter : (id) => filter.has(id);
}
