// An index around a store: one queue of calls, one set of checks, unit vectors under cosine, and saved folders, so that all indexes behave alike.

import { AttuneError, type Files } from "@attune/core";
import { z } from "zod";
import { emptyHits, type IndexStore } from "./index-store.ts";
import { readSaved, writeSaved } from "./saved-index.ts";
import { expectFinite, unitRows } from "./unit-rows.ts";
import { NO_ID, type Hits, type Metric, type VectorIndex } from "./vector-index.ts";

/** Options that every index has, as a schema. */
export const commonIndexOptions = {
  metric: z
    .enum(["cosine", "ip"])
    .default("cosine")
    .describe("cosine normalises vectors and queries; ip takes the inner product as they are"),
  dimension: z.int().positive().optional().describe("numbers of a vector; the first vectors decide when left out"),
};

export interface IndexParts {
  /** Of the plugin; a saved index is loaded by the same one. */
  readonly name: string;
  readonly metric: Metric;
  readonly dimension?: number | undefined;
  readonly files: Files;
}

/** An index over a store. */
export function createIndex(store: IndexStore, { name, metric, dimension, files }: IndexParts): VectorIndex {
  let known: number | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  const place = `index ${name}`;
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new AttuneError({ code: "E_CLOSED", place, problem: "is closed" }));
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  /** D of what is in it, or of what it was made for. E_OPTION where these differ, in a store that was filled before. */
  const width = async (): Promise<number | undefined> => {
    if (known !== undefined) return known;
    const stored = await store.dimension?.();
    if (stored !== undefined && dimension !== undefined && stored !== dimension)
      throw new AttuneError({
        code: "E_OPTION",
        place: `${place} dimension`,
        expected: `${stored}, as its vectors have`,
        got: String(dimension),
      });
    return (known = stored ?? dimension);
  };
  const prepare = (vectors: Float32Array, D: number): Float32Array => (metric === "cosine" ? unitRows(vectors, D) : vectors);

  return {
    capabilities: store.capabilities,
    metric,
    add: (ids, vectors) =>
      inOrder(async () => {
        const D = expectWidth(ids, vectors, await width(), place);
        if (D === undefined) return;
        if (ids.includes(NO_ID))
          throw new AttuneError({ code: "E_INDEX_ID", place, problem: `${NO_ID} is no id: it stands for no vector` });
        expectFinite(vectors, D, (row) => `the vector of id ${ids[row]}`, place);
        const distinct = lastOfEach(ids, vectors, D);
        await store.put(distinct.ids, prepare(distinct.vectors, D), D);
        known = D;
      }),
    search: (queries, k, { filter, signal } = {}) =>
      inOrder(async () => {
        if (!(Number.isInteger(k) && k >= 1))
          throw new AttuneError({ code: "E_OPTION", place: `${place} k`, expected: "a whole number from 1", got: String(k) });
        const D = await width();
        const size = (await store.sizeUpTo?.(k)) ?? (await store.size());
        if (D === undefined || queries.length === 0) return emptyHits(0, 0);
        if (queries.length % D !== 0) throw badWidth(place, `queries of ${D} dimensions`, `${queries.length} numbers`);
        expectFinite(queries, D, (row) => `query ${row}`, place);
        signal?.throwIfAborted();
        if (size === 0) return emptyHits(queries.length / D, 0);
        return tiesById(await store.find(prepare(queries, D), { width: Math.min(k, size), dimension: D, filter, signal }));
      }),
    delete: (ids) => inOrder(async () => store.remove(new Uint32Array(new Set(ids)))),
    size: () => inOrder(async () => store.size()),
    save: (folder) =>
      inOrder(async () => {
        const about = { index: name, metric, dimension: (await width()) ?? 0 };
        await writeSaved(files, folder, about, (prefix) => store.save(folder, prefix));
      }),
    load: (folder) =>
      inOrder(async () => {
        const saved = await readSaved(files, folder, { index: name, metric, dimension: await width() });
        await store.load(saved);
        if (saved.dimension > 0) known = saved.dimension;
      }),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await last;
      await store[Symbol.asyncDispose]();
    },
  };
}

/** D, where there are vectors at all. E_VECTORS when they do not fit the ids or what is there. */
function expectWidth(ids: Uint32Array, vectors: Float32Array, known: number | undefined, place: string): number | undefined {
  if (ids.length === 0 && vectors.length === 0) return undefined;
  const D = vectors.length / ids.length;
  if (known !== undefined && D !== known)
    throw badWidth(place, `${ids.length} vectors of ${known} dimensions`, `${vectors.length} numbers`);
  if (Number.isInteger(D) && D > 0) return D;
  throw badWidth(place, `${ids.length} vectors of one width`, `${vectors.length} numbers`);
}

function badWidth(place: string, expected: string, got: string): AttuneError {
  return new AttuneError({ code: "E_VECTORS", place, expected, got });
}

/** An id that comes twice in one call has its last vector. */
function lastOfEach(ids: Uint32Array, vectors: Float32Array, D: number): { ids: Uint32Array; vectors: Float32Array } {
  const rows = new Map<number, number>();
  ids.forEach((id, row) => rows.set(id, row));
  if (rows.size === ids.length) return { ids, vectors };
  const kept = new Float32Array(rows.size * D);
  [...rows.values()].forEach((row, i) => kept.set(vectors.subarray(row * D, (row + 1) * D), i * D));
  return { ids: new Uint32Array(rows.keys()), vectors: kept };
}

/** Puts equal scores into the order of ids, in place. */
function tiesById(hits: Hits): Hits {
  const { width, ids, scores } = hits;
  for (let start = 0; start < ids.length; start += width) {
    for (let at = start + 1; at < start + width; at++) {
      for (let to = at; to > start && scores[to] === scores[to - 1] && ids[to] < ids[to - 1]; to--) {
        [ids[to], ids[to - 1]] = [ids[to - 1], ids[to]];
      }
    }
  }
  return hits;
}
