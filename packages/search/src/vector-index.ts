// The kind "index": vectors by number, found by similarity. What an index promises is the same for all of them and checked by `testIndex`; texts,
// names of documents and models are not its business (`createIdMap` gives numbers to names).

import type { ExactIndexOptions } from "./exact-index.ts";

declare module "@attune/core" {
  interface PluginKinds {
    index: VectorIndex;
  }
  interface PluginOptions {
    index: IndexOptions;
  }
}

/** Index name -> its options, as a user writes them; other packages add theirs. */
export interface IndexOptions {
  exact: ExactIndexOptions;
}

/** `cosine` brings vectors and queries to length 1 itself; `ip` takes them as they are. */
export type Metric = "cosine" | "ip";

/** What every index takes beside options of its own. */
export interface CommonIndexOptions {
  metric?: Metric;
  /** D; the first vectors decide where it is not given. */
  dimension?: number;
}

export interface IndexCapabilities {
  /** Whether a search finds the best for certain. */
  readonly exact: boolean;
  /** Where vectors live that are not saved: in this process, in a file, on a server. */
  readonly lives: "memory" | "file" | "server";
}

/** Which vectors a search may find. */
export type Filter = ReadonlySet<number> | ((id: number) => boolean);

export interface IndexSearchOptions {
  readonly filter?: Filter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The best vectors of each query, best first, equal scores by the lower id. */
export interface Hits {
  /** Places per query: min(k, size). */
  readonly width: number;
  /** [Q width] `NO_ID` after the last of a query that found fewer. */
  readonly ids: Uint32Array;
  /** [Q width] Cosine or inner product, higher is better; -Infinity beside `NO_ID`. Indexes that store less than 32 bits give what they store. */
  readonly scores: Float32Array;
}

/** Stands where there is no vector, so it is no id. */
export const NO_ID = 0xffffffff;

/**
 * Calls are carried out one after the other, in their order. Errors of all indexes: E_VECTORS for vectors of another width, E_NON_FINITE,
 * E_INDEX_ID for `NO_ID`, E_OPTION for k below 1, E_INDEX_FILE for what cannot be loaded, E_CLOSED. What fails changes nothing.
 */
export interface VectorIndex extends AsyncDisposable {
  readonly capabilities: IndexCapabilities;
  readonly metric: Metric;
  /** Adds vectors [N D]; an id that is there gets the new vector. */
  add(ids: Uint32Array, vectors: Float32Array): Promise<void>;
  /** Searches queries [Q D]. An empty index finds nothing: width 0. */
  search(queries: Float32Array, k: number, options?: IndexSearchOptions): Promise<Hits>;
  /** Removes what is there of these ids and says how many that were. */
  delete(ids: Uint32Array): Promise<number>;
  /** Number of vectors. */
  size(): Promise<number>;
  /** Writes everything into a folder; what was saved there before stays whole until the new is. */
  save(folder: string): Promise<void>;
  /** Replaces everything by what a folder has. */
  load(folder: string): Promise<void>;
}
