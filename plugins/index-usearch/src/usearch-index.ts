// The index `usearch`: usearch's graph over vectors of 32, 16, 8 bits or 1 bit per number. Vectors cannot be read back, so a filter is answered by
// taking more hits and leaving out what it refuses.

import { readFile, writeFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AttuneError, joinPath, type Files } from "@attune/core";
import { acceptsBy, createIndex, emptyHits } from "@attune/search";
import type { Hits, IndexStore, SavedContent, StoreRequest, VectorIndex } from "@attune/search";
import type { Index } from "usearch";
import type { MetricKind, ScalarKind } from "usearch";
import type { ResolvedUsearchOptions } from "./options.ts";

type IndexClass = typeof Index;

/** An index over usearch. E_OPTION for vectors of any length in a type that knows directions only. */
export function createUsearchIndex(indexClass: IndexClass, files: Files, options: ResolvedUsearchOptions): VectorIndex {
  const { metric, dimension, stored } = options;
  if (metric === "ip" && (stored === "i8" || stored === "binary")) {
    throw new AttuneError({
      code: "E_OPTION",
      place: `index usearch stored ${stored}`,
      problem: "keeps directions only, and the metric ip needs lengths",
      hint: "give stored f16, or the metric cosine",
    });
  }
  return createIndex(new UsearchStore(indexClass, options), { name: "usearch", metric, dimension, files });
}

interface Coding {
  readonly metric: MetricKind;
  readonly quantization: ScalarKind;
  /** Cosine or inner product of a distance between vectors of D numbers. */
  score(distance: number, dimension: number): number;
}

const fromOne = (distance: number): number => 1 - distance;

const codings: Readonly<Record<ResolvedUsearchOptions["stored"], Coding>> = {
  f32: { metric: "ip" as MetricKind, quantization: "f32" as ScalarKind, score: fromOne },
  f16: { metric: "ip" as MetricKind, quantization: "f16" as ScalarKind, score: fromOne },
  i8: { metric: "cos" as MetricKind, quantization: "i8" as ScalarKind, score: fromOne },
  // The share of signs that differ is the angle between the vectors, as a share of a half turn, on average (Goemans and Williamson 1995).
  binary: {
    metric: "hamming" as MetricKind,
    quantization: "b1" as ScalarKind,
    score: (distance, dimension) => Math.cos((Math.PI * distance) / dimension),
  },
};

/** Vectors or queries of one call: the event loop is let in between. */
const PIECE = 256;

class UsearchStore implements IndexStore {
  readonly capabilities = { exact: false, lives: "memory" } as const;
  readonly #class: IndexClass;
  readonly #options: ResolvedUsearchOptions;
  readonly #coding: Coding;
  #index: Index | undefined;
  #ids = new Set<number>();

  constructor(indexClass: IndexClass, options: ResolvedUsearchOptions) {
    this.#class = indexClass;
    this.#options = options;
    this.#coding = codings[options.stored];
  }

  size(): number {
    return this.#ids.size;
  }

  /** New vectors first: they need memory, and are taken back where that is not there. One that is replaced cannot be read back, but leaves its place. */
  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    const rows = Uint32Array.from(ids.keys());
    const added = rows.filter((row) => !this.#ids.has(ids[row]));
    const replaced = rows.filter((row) => this.#ids.has(ids[row]));
    const index = (this.#index ??= this.#empty(dimension));
    try {
      await this.#insert(index, added, { ids, vectors, dimension });
      await this.#insert(index, replaced, { ids, vectors, dimension });
    } catch (error) {
      index.remove(BigUint64Array.from(added, (row) => BigInt(ids[row]))); // also those of a call that added some of its own
      for (const row of added) this.#ids.delete(ids[row]);
      if (this.size() === 0) this.#index = undefined; // the next vectors may have another width
      throw error;
    }
  }

  async #insert(
    index: Index,
    rows: Uint32Array,
    { ids, vectors, dimension }: { ids: Uint32Array; vectors: Float32Array; dimension: number },
  ): Promise<void> {
    for (let start = 0; start < rows.length;) {
      const next = rows.subarray(start, start + PIECE);
      this.remove(Uint32Array.from(next, (row) => ids[row]));
      // The threads that may ever search are reserved when the graph grows, by the call that makes it grow: one vector, and all threads.
      const room = index.capacity() - index.size();
      const some = next.subarray(0, Math.max(1, room));
      const keys = BigUint64Array.from(some, (row) => BigInt(ids[row]));
      index.add(keys, rowsOf(vectors, some, dimension), room > 0 ? this.#options.addThreads : 0);
      for (const row of some) this.#ids.add(ids[row]);
      start += some.length;
      await nextTurn();
    }
  }

  remove(ids: Uint32Array): number {
    const there = ids.filter((id) => this.#ids.delete(id));
    if (there.length > 0) this.#index!.remove(BigUint64Array.from(there, BigInt));
    return there.length;
  }

  async find(queries: Float32Array, { width, dimension, filter, signal }: StoreRequest): Promise<Hits> {
    const count = queries.length / dimension;
    const hits = emptyHits(count, width);
    const accepted = filter && new Set([...this.#ids].filter(acceptsBy(filter)));
    if (accepted?.size === 0) return hits;
    for (let start = 0; start < count; start += PIECE) {
      signal?.throwIfAborted();
      const end = Math.min(count, start + PIECE);
      this.#findSome(queries.slice(start * dimension, end * dimension), { hits, first: start, count: end - start, dimension, accepted });
      await nextTurn();
    }
    return hits;
  }

  async save(folder: string, prefix: string): Promise<string[]> {
    if (!this.#index) return [];
    const names = [`${prefix}.usearch`, `${prefix}.ids`];
    this.#index.save(joinPath(folder, names[0]));
    await writeFile(joinPath(folder, names[1]), Uint32Array.from(this.#ids));
    return names;
  }

  async load({ folder, files, dimension }: SavedContent): Promise<void> {
    const index = files.length > 0 ? this.#empty(dimension) : undefined;
    let ids = new Uint32Array();
    if (index) {
      index.load(joinPath(folder, files[0]));
      ids = new Uint32Array((await readFile(joinPath(folder, files[1]))).slice().buffer);
    }
    this.#index = index;
    this.#ids = new Set(ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#index = undefined;
    this.#ids = new Set();
  }

  #empty(dimensions: number): Index {
    const { connectivity, expansionAdd, expansionSearch } = this.#options;
    const { metric, quantization } = this.#coding;
    return new this.#class({
      dimensions,
      metric,
      quantization,
      connectivity,
      expansion_add: expansionAdd,
      expansion_search: expansionSearch,
      multi: false,
    });
  }

  /** Takes more hits until enough of them pass the filter. */
  #findSome(
    queries: Float32Array,
    {
      hits,
      first,
      count,
      dimension,
      accepted,
    }: { hits: Hits; first: number; count: number; dimension: number; accepted: Set<number> | undefined },
  ): void {
    const { width } = hits;
    const wanted = Math.min(width, accepted?.size ?? this.size());
    const share = (accepted?.size ?? this.size()) / this.size();
    for (let take = Math.min(this.size(), Math.ceil((1.2 * wanted) / share)); ; take = Math.min(this.size(), take * 4)) {
      const { keys, distances, counts } = this.#search(queries, accepted ? take : wanted);
      let enough = true;
      for (let query = 0; query < count; query++) {
        let place = 0;
        for (let at = 0; at < Number(counts[query]) && place < wanted; at++) {
          const id = Number(keys[query * (accepted ? take : wanted) + at]);
          if (accepted && !accepted.has(id)) continue;
          hits.ids[(first + query) * width + place] = id;
          hits.scores[(first + query) * width + place++] = this.#coding.score(
            distances[query * (accepted ? take : wanted) + at],
            dimension,
          );
        }
        enough &&= place === wanted;
      }
      if (enough || !accepted || take === this.size()) return;
    }
  }

  #search(queries: Float32Array, k: number): { keys: BigUint64Array; distances: Float32Array; counts: ArrayLike<bigint | number> } {
    const found = this.#index!.search(queries, k, 0) as { keys: BigUint64Array; distances: Float32Array; counts?: BigUint64Array };
    return { ...found, counts: found.counts ?? [found.keys.length] }; // for one query the binding gives no counts
  }
}

/** Some rows of vectors [N D]. */
function rowsOf(vectors: Float32Array, rows: Uint32Array, dimension: number): Float32Array {
  const some = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => some.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension));
  return some;
}
