// The index `hnsw`: hnswlib's graph. Vectors stay as they are (f32), in memory; one thread, one vector per call, so the event loop is let in
// between pieces. Searches are approximate; what a narrow filter lets through is compared one by one.

import { readFile, writeFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Files } from "@attune/core";
import { joinPath } from "@attune/core";
import { acceptsBy, createIndex, emptyHits, WideSet } from "@attune/search";
import type { Hits, IndexStore, SavedContent, SavedFiles, StoreRequest, VectorIndex } from "@attune/search";
import type { HierarchicalNSW } from "hnswlib-node";
import type { ResolvedHnswOptions } from "./options.ts";
import { expectWhole } from "./written-graph.ts";

type Hnswlib = { HierarchicalNSW: new (space: "ip", dimension: number) => HierarchicalNSW };

/** An index over hnswlib. */
export function createHnswIndex(hnswlib: Hnswlib, files: Files, options: ResolvedHnswOptions): VectorIndex {
  const { metric, dimension } = options;
  return createIndex(new HnswStore(hnswlib, options), { name: "hnsw", metric, dimension, files });
}

/** Vectors between two turns of the event loop. */
const PIECE = 64;

/** A filter that lets through no more than this many, or this share, is answered by comparing them one by one. */
const NARROW = { count: 1000, share: 0.02 };

class HnswStore implements IndexStore {
  readonly capabilities = { exact: false, lives: "memory" } as const;
  readonly #hnswlib: Hnswlib;
  readonly #options: ResolvedHnswOptions;
  #graph: HierarchicalNSW | undefined;
  /** hnswlib keeps deleted vectors in the graph, as marked. */
  #live = new WideSet();

  constructor(hnswlib: Hnswlib, options: ResolvedHnswOptions) {
    this.#hnswlib = hnswlib;
    this.#options = options;
  }

  size(): number {
    return this.#live.size;
  }

  /** New vectors first: they need memory. Where that is not there, they are taken back, and those that were replaced get their old numbers again. */
  async put(ids: Uint32Array, vectors: Float32Array, dimension: number): Promise<void> {
    const rows = Uint32Array.from(ids.keys());
    const added = rows.filter((row) => !this.#live.has(ids[row]));
    const replaced = rows.filter((row) => this.#live.has(ids[row]));
    const before = this.#read(
      replaced.map((row) => ids[row]),
      dimension,
    ); // [replaced D]
    let tried = 0;
    try {
      const graph = this.#withRoom(ids.length, dimension);
      for (const row of [...added, ...replaced]) {
        tried++;
        graph.addPoint(Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)), ids[row]);
        this.#live.add(ids[row]);
        if (tried % PIECE === 0) await nextTurn();
      }
    } catch (error) {
      for (let i = 0; i < tried - added.length; i++) this.#putBack(ids[replaced[i]], before.subarray(i * dimension, (i + 1) * dimension));
      this.remove(Uint32Array.from(added, (row) => ids[row]));
      if (this.size() === 0) this.#graph = undefined; // the next vectors may have another width
      throw error;
    }
  }

  /** The vectors of ids that are there, [n D]. */
  #read(ids: Uint32Array, dimension: number): Float32Array {
    const vectors = new Float32Array(ids.length * dimension);
    ids.forEach((id, i) => vectors.set(this.#graph!.getPoint(id), i * dimension));
    return vectors;
  }

  /** Gives a vector its numbers again. They are in place before hnswlib mends the links around it, which alone could fail. */
  #putBack(id: number, vector: Float32Array): void {
    try {
      this.#graph!.addPoint(Array.from(vector), id);
    } catch {
      // What is said is why it was changed back.
    }
  }

  remove(ids: Uint32Array): number {
    const there = ids.filter((id) => this.#live.delete(id));
    for (const id of there) this.#graph!.markDelete(id);
    return there.length;
  }

  async find(queries: Float32Array, { width, dimension, filter, signal }: StoreRequest): Promise<Hits> {
    const count = queries.length / dimension;
    const hits = emptyHits(count, width);
    const accepted = filter && [...this.#live].filter(acceptsBy(filter));
    if (accepted?.length === 0) return hits;
    const search = accepted && isNarrow(accepted.length, this.size()) ? this.#comparing(accepted) : this.#searching(width, accepted);
    for (let query = 0; query < count; query++) {
      if (query % PIECE === PIECE - 1) await nextTurn();
      signal?.throwIfAborted();
      const found = search(queries.subarray(query * dimension, (query + 1) * dimension));
      found.slice(0, width).forEach(([id, score], place) => {
        hits.ids[query * width + place] = id;
        hits.scores[query * width + place] = score;
      });
    }
    return hits;
  }

  async save(folder: string, prefix: string): Promise<SavedFiles> {
    if (!this.#graph || this.size() === 0) return { files: [], size: 0 };
    const names = [`${prefix}.hnsw`, `${prefix}.ids`];
    await this.#graph.writeIndex(joinPath(folder, names[0]));
    await expectWhole(joinPath(folder, names[0]));
    await writeFile(joinPath(folder, names[1]), Uint32Array.from(this.#live));
    return { files: names, size: this.size() };
  }

  async load({ folder, files, dimension }: SavedContent): Promise<void> {
    if (files.length === 0) {
      this.#graph = undefined;
      this.#live = new WideSet();
      return;
    }
    const graph = new this.#hnswlib.HierarchicalNSW("ip", dimension);
    await graph.readIndex(joinPath(folder, files[0]));
    this.#graph = graph;
    this.#live = new WideSet(new Uint32Array(new Uint8Array(await readFile(joinPath(folder, files[1]))).buffer)); // a copy: a Buffer may be a part of another
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#graph = undefined;
    this.#live = new WideSet();
  }

  /** The graph, with room for this many more; it cannot tell how many of them are new. */
  #withRoom(more: number, dimension: number): HierarchicalNSW {
    const { m, efConstruction, seed } = this.#options;
    if (!this.#graph) {
      this.#graph = new this.#hnswlib.HierarchicalNSW("ip", dimension);
      this.#graph.initIndex({ maxElements: Math.max(more, 1024), m, efConstruction, randomSeed: seed });
    }
    const needed = this.#graph.getCurrentCount() + more;
    if (needed > this.#graph.getMaxElements()) this.#graph.resizeIndex(Math.max(needed, Math.ceil(this.#graph.getMaxElements() * 1.5)));
    return this.#graph;
  }

  /** Walks the graph, with ever more candidates where it finds fewer than there are, and compares them all where some cannot be walked to. */
  #searching(width: number, accepted: readonly number[] | undefined): (query: Float32Array) => [id: number, score: number][] {
    const graph = this.#graph!;
    const allowed = accepted && new WideSet(accepted);
    const wanted = Math.min(width, accepted?.length ?? this.size());
    const least = Math.max(this.#options.efSearch, width);
    return (query) => {
      const point = Array.from(query);
      for (let ef = least; ; ef *= 4) {
        graph.setEf(ef);
        const { neighbors, distances } = graph.searchKnn(point, wanted, allowed && ((id) => allowed.has(id)));
        if (neighbors.length >= wanted) return neighbors.map((id, i) => [id, 1 - distances[i]]);
        if (ef >= graph.getCurrentCount()) return this.#comparing(accepted ?? [...this.#live])(query);
      }
    };
  }

  /** Compares a few vectors one by one. */
  #comparing(accepted: readonly number[]): (query: Float32Array) => [id: number, score: number][] {
    const vectors = accepted.map((id) => Float32Array.from(this.#graph!.getPoint(id)));
    return (query) => {
      const scored = vectors.map((vector, i): [number, number] => [
        accepted[i],
        vector.reduce((sum, value, d) => sum + value * query[d], 0),
      ]);
      return scored.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    };
  }
}

function isNarrow(accepted: number, size: number): boolean {
  return accepted <= Math.max(NARROW.count, size * NARROW.share);
}
