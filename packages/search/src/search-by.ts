// How a task finds neighbours: exactly on the backend, or by an index that is filled for it and emptied after it, once for however many queries.

import { AttuneError, type Context } from "@attune/core";
import { z } from "zod";
import type { Neighbours } from "./exact-search.ts";
import { NO_ID, type Metric, type VectorIndex } from "./vector-index.ts";

/** An index by name, or with options: "hnsw", ["hnsw", { efSearch: 64 }]. */
export type IndexChoice = string | readonly [string, Readonly<Record<string, unknown>>];

/** The schema of a choice. */
export const indexChoice = z
  .union([z.string(), z.tuple([z.string(), z.record(z.string(), z.unknown())]).readonly()])
  .default("exact")
  .describe("index that finds the documents");

/** A corpus that is read in ranges. */
export interface RowSource {
  /** N */
  readonly rows: number;
  /** D */
  readonly dimension: number;
  /** Rows `start` to `start + count`, [count D]. */
  read(start: number, count: number): Promise<Float32Array> | Float32Array;
}

/** The best `k` rows of a corpus for queries [Q D]. */
export type NeighbourSearch = (
  queries: Float32Array,
  corpus: RowSource,
  options: { readonly k: number; readonly signal?: AbortSignal | undefined },
) => Promise<Neighbours>;

/** As `NeighbourSearch`, for `part` queries after the others, in their order: for neighbours that are too many to be in memory at once. */
export type PartSearch = (
  queries: Float32Array,
  corpus: RowSource,
  options: Parameters<NeighbourSearch>[2] & { readonly part: number },
) => AsyncGenerator<Neighbours>;

/**
 * A search by the chosen index; undefined for exact search as it is, for which nothing needs to be filled. When it is used: E_UNKNOWN_PLUGIN, E_OPTION,
 * E_UNAVAILABLE and what the index throws.
 */
export function searchBy(choice: IndexChoice, metric: Metric, context: Context): NeighbourSearch | undefined {
  const search = searchPartsBy(choice, metric, context);
  if (!search) return undefined;
  return async (queries, corpus, request) => {
    const [all] = await Array.fromAsync(search(queries, corpus, { ...request, part: Infinity }));
    return all;
  };
}

/** As `searchBy`, in parts. */
export function searchPartsBy(choice: IndexChoice, metric: Metric, context: Context): PartSearch | undefined {
  const [name, options] = typeof choice === "string" ? [choice, {}] : choice;
  if (name === "exact" && Object.keys(options).length === 0) return undefined;
  return async function* (queries, corpus, request) {
    await using index = await context.registry.create("index", name, { metric, ...options }, context);
    yield* searchParts(index, queries, corpus, request);
  };
}

/** Fills an empty index, searches, and empties what outlives this process. E_OPTION for an index that holds something already. */
async function* searchParts(
  index: VectorIndex,
  queries: Float32Array,
  corpus: RowSource,
  { k, part, signal }: Parameters<PartSearch>[2],
): AsyncGenerator<Neighbours> {
  const held = await index.size();
  if (held > 0) {
    throw new AttuneError({
      code: "E_OPTION",
      place: "index",
      problem: `holds ${held} vectors already, which a search of this corpus would find`,
      hint: "give it a table or file of its own",
    });
  }
  const empty = async (): Promise<unknown> => index.capabilities.lives !== "memory" && index.delete(idsFrom(0, corpus.rows));
  let done = false;
  try {
    for (let start = 0; start < corpus.rows; start += RANGE) {
      signal?.throwIfAborted();
      const count = Math.min(RANGE, corpus.rows - start);
      await index.add(idsFrom(start, count), await corpus.read(start, count));
    }
    for (let start = 0; start === 0 || start < queries.length; start += part * corpus.dimension) {
      const { width, ids, scores } = await index.search(queries.subarray(start, start + part * corpus.dimension), k, { signal });
      yield { width, index: Int32Array.from(ids, (id) => (id === NO_ID ? -1 : id)), scores };
    }
    done = true;
  } finally {
    await (done ? empty() : empty().catch(() => {})); // the first error says more
  }
}

/** Documents that are in memory at once beside those of the index. */
const RANGE = 1 << 14;

function idsFrom(start: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => start + i);
}
