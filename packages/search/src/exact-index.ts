// The index `exact`: vectors in memory, a search compares all of them on the backend. What other indexes are measured against.

import { definePlugin, type Files } from "@attune/core";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { commonIndexOptions, createIndex } from "./create-index.ts";
import { createBlockSearch, defaultCorpusBlock } from "./exact-search.ts";
import { acceptsBy, emptyHits, type IndexStore } from "./index-store.ts";
import { RowStore } from "./row-store.ts";
import { readRows, writeRows, type StoredVectors } from "./rows-file.ts";
import { NO_ID, type CommonIndexOptions, type Hits, type VectorIndex } from "./vector-index.ts";

export interface ExactIndexOptions extends CommonIndexOptions {
  /** Numbers of a stored vector: f16 takes half the memory and keeps three digits. */
  stored?: StoredVectors;
}

/** An index that compares everything. */
export function createExactIndex(
  engine: Engine,
  files: Files,
  { metric = "cosine", dimension, stored = "f32" }: ExactIndexOptions = {},
): VectorIndex {
  return createIndex(exactStore(engine, files, stored), { name: "exact", metric, dimension, files });
}

/** The index `exact`. */
export const exactIndexPlugin = definePlugin({
  kind: "index",
  name: "exact",
  summary: "compares every vector, by blocked products on the backend; right up to a few million vectors",
  options: z.strictObject({
    ...commonIndexOptions,
    stored: z.enum(["f32", "f16"]).default("f32").describe("numbers of a stored vector; f16 takes half the memory"),
  }),
  create: (options, { backend, files }) => createExactIndex(new Engine(backend), files, options as ExactIndexOptions),
});

function exactStore(engine: Engine, files: Files, stored: StoredVectors): IndexStore {
  let rows: RowStore | undefined;
  return {
    capabilities: { exact: true, lives: "memory" },
    size: () => rows?.size ?? 0,
    put(ids, vectors, dimension) {
      const into = rows ?? new RowStore(dimension, stored);
      into.put(ids, vectors);
      rows = into; // only now: where this failed, the next vectors may have another width
    },
    remove: (ids) => rows?.remove(ids) ?? 0,
    async find(queries, { width, dimension, filter, signal }) {
      const ids = rows!.ids(filter && acceptsBy(filter));
      const search = createBlockSearch(engine, queries, { k: Math.min(width, ids.length), dimension, ...(signal && { signal }) });
      const block = defaultCorpusBlock(dimension);
      for (let start = 0; start < ids.length; start += block) {
        const some = ids.subarray(start, start + block);
        await search.add(some.length, rows!.pieces(some));
      }
      const { width: found, index, scores } = await search.finish();
      return widened(
        { width: found, ids: Uint32Array.from(index, (row) => (row < 0 ? NO_ID : ids[row])), scores },
        width,
        queries.length / dimension,
      );
    },
    save: (folder, prefix) => writeRows(files, { folder, prefix, stored }, rows?.rows() ?? []),
    async load(saved) {
      const loaded = new RowStore(saved.dimension, stored);
      for await (const { ids, vectors } of readRows(files, saved)) loaded.put(ids, vectors);
      rows = saved.dimension > 0 ? loaded : undefined;
    },
    async [Symbol.asyncDispose]() {
      rows = undefined;
    },
  };
}

/** Hits with more places, as a filter leaves them. */
function widened(hits: Hits, width: number, queries: number): Hits {
  if (hits.width === width) return hits;
  const wide = emptyHits(queries, width);
  for (let query = 0; query < queries; query++) {
    wide.ids.set(hits.ids.subarray(query * hits.width, (query + 1) * hits.width), query * width);
    wide.scores.set(hits.scores.subarray(query * hits.width, (query + 1) * hits.width), query * width);
  }
  return wide;
}
