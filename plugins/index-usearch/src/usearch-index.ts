// The index `usearch`: usearch's graph over vectors of 32, 16, 8 bits or 1 bit per number. Vectors cannot be read back, so a filter is answered by
// taking more hits and leaving out what it refuses.

import { readFile, writeFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AttuneError, joinPath, type Files } from "@attune/core";
import { acceptsBy, createIndex, emptyHits, WideSet } from "@attune/search";
import type { Hits, IndexStore, SavedContent, SavedFiles, StoreRequest, VectorIndex } from "@attune/search";
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

/** From here on keys are the second ones of ids, which have 32 bits. */
const SECOND = 2n ** 32n;

class UsearchStore implements IndexStore {
  readonly capabilities = { exact: false, lives: "memory" } as const;
  readonly #class: IndexClass;
  readonly #options: ResolvedUsearchOptions;
  readonly #coding: Coding;
  #index: Index | undefined;
  #ids = new WideSet();
  /** Those whose vectors stand under their second keys: usearch gives no vector back, so the new one is put in before the old one goes. */
  #second = new WideSet();

  constructor(indexClass: IndexClass, options: ResolvedUsearchOptions) {
    this.#class = indexClass;
    this.#options = options;
    this.#coding = codings[options.stored];
  }

  size(): number {
    return this.#ids.size;
  }

  /** All vectors beside those that are there, so that what has no memory is taken back; then those that they replace go, and leave their places. */
  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    const replaced = ids.filter((id) => this.#ids.has(id));
    if (replaced.length === this.size()) return this.#putAll(ids, vectors, dimension);
    const index = this.#index!;
    const keys = BigUint64Array.from(ids, (id) => keyOf(id, this.#ids.has(id) && !this.#second.has(id)));
    try {
      await this.#insert(index, keys, vectors);
    } catch (error) {
      index.remove(keys); // also those of a call that added some of its own
      throw error;
    }
    index.remove(this.#keysOf(replaced));
    for (const id of replaced) if (!this.#second.delete(id)) this.#second.add(id);
    for (const id of ids) this.#ids.add(id);
  }

  /** The vectors take the place of all that are there: a new graph has no gaps, and its vectors may have another width. */
  async #putAll(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    const index = this.#empty(dimension);
    await this.#insert(
      index,
      BigUint64Array.from(ids, (id) => keyOf(id, false)),
      vectors,
    );
    this.#index = index;
    this.#ids = new WideSet(ids);
    this.#second = new WideSet();
  }

  async #insert(index: Index, keys: BigUint64Array, vectors: Float32Array): Promise<void> {
    const dimension = vectors.length / keys.length;
    for (let start = 0, end = 0; start < keys.length; start = end) {
      // The threads that may ever search are reserved when the graph grows, by the call that makes it grow: one vector, and all threads.
      const room = index.capacity() - index.size();
      end = Math.min(keys.length, start + Math.min(PIECE, Math.max(1, room)));
      index.add(keys.slice(start, end), vectors.slice(start * dimension, end * dimension), room > 0 ? this.#options.addThreads : 0);
      await nextTurn();
    }
  }

  remove(ids: Uint32Array): number {
    const there = ids.filter((id) => this.#ids.has(id));
    if (there.length > 0) this.#index!.remove(this.#keysOf(there));
    for (const id of there) {
      this.#ids.delete(id);
      this.#second.delete(id);
    }
    return there.length;
  }

  #keysOf(ids: Uint32Array): BigUint64Array {
    return BigUint64Array.from(ids, (id) => keyOf(id, this.#second.has(id)));
  }

  async find(queries: Float32Array, { width, dimension, filter, signal }: StoreRequest): Promise<Hits> {
    const count = queries.length / dimension;
    const hits = emptyHits(count, width);
    const accepted = filter && new WideSet(this.#ids[Symbol.iterator]().filter(acceptsBy(filter)));
    if (accepted?.size === 0) return hits;
    for (let start = 0; start < count; start += PIECE) {
      signal?.throwIfAborted();
      const end = Math.min(count, start + PIECE);
      this.#findSome(queries.slice(start * dimension, end * dimension), { hits, first: start, count: end - start, dimension, accepted });
      await nextTurn();
    }
    return hits;
  }

  async save(folder: string, prefix: string): Promise<SavedFiles> {
    if (!this.#index || this.size() === 0) return { files: [], size: 0 };
    const names = [`${prefix}.usearch`, `${prefix}.ids`];
    this.#index.save(joinPath(folder, names[0]));
    await writeFile(joinPath(folder, names[1]), Uint32Array.from(this.#ids));
    return { files: names, size: this.size() };
  }

  async load({ folder, files, dimension }: SavedContent): Promise<void> {
    const index = files.length > 0 ? this.#empty(dimension) : undefined;
    let [ids, second] = [new Uint32Array(), new Uint32Array()];
    if (index) {
      index.load(joinPath(folder, files[0]));
      ids = new Uint32Array(new Uint8Array(await readFile(joinPath(folder, files[1]))).buffer); // a copy: a Buffer may be a part of another
      const first = index.contains(BigUint64Array.from(ids, (id) => keyOf(id, false))) as boolean[];
      second = ids.filter((_, i) => !first[i]);
    }
    this.#index = index;
    this.#ids = new WideSet(ids);
    this.#second = new WideSet(second);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#index = undefined;
    this.#ids = new WideSet();
    this.#second = new WideSet();
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
    }: { hits: Hits; first: number; count: number; dimension: number; accepted: WideSet | undefined },
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
          const id = Number(keys[query * (accepted ? take : wanted) + at] % SECOND);
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

function keyOf(id: number, second: boolean): bigint {
  return second ? BigInt(id) + SECOND : BigInt(id);
}
