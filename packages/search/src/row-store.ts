// Vectors in memory by id, in the order of ids when they are read, so that equal scores come in that order. Storage only; nothing is compared here.

import { float16Values, toFloat16 } from "./float16.ts";
import type { Rows, StoredVectors } from "./rows-file.ts";
import { WideMap } from "./wide-map.ts";

/** Rows of a piece of memory: large enough to be few, small enough that the last one wastes little. */
const CHUNK = 4096;

/** Rows that are passed on without a copy; fewer are collected. */
const WORTHWHILE = 512;

/** N vectors of D numbers, f32 or f16. */
export class RowStore {
  readonly dimension: number;
  readonly stored: StoredVectors;
  readonly #chunks: (Float32Array | Uint16Array)[] = [];
  readonly #slots = new WideMap<number, number>();
  #ids = new Uint32Array(CHUNK);
  /** Ids in ascending order; made when it is needed. */
  #sorted: Uint32Array | undefined;
  #values: Float32Array | undefined;

  constructor(dimension: number, stored: StoredVectors) {
    this.dimension = dimension;
    this.stored = stored;
  }

  get size(): number {
    return this.#slots.size;
  }

  has(id: number): boolean {
    return this.#slots.has(id);
  }

  /** All memory first: what fails for want of it has changed nothing. */
  put(ids: Uint32Array, vectors: Float32Array): void {
    const D = this.dimension;
    const numbers = this.stored === "f16" ? toFloat16(vectors) : vectors;
    const before = this.size;
    let size = before;
    const slots = Uint32Array.from(ids, (id) => this.#slots.get(id) ?? size++);
    this.#makeRoom(size);
    if (size > before) this.#sorted = undefined;
    ids.forEach((id, row) => {
      const slot = slots[row];
      if (slot >= before) {
        this.#ids[slot] = id;
        this.#slots.set(id, slot);
      }
      this.#write(slot, numbers.subarray(row * D, (row + 1) * D));
    });
  }

  /** The last vector takes the place of one that is removed. */
  remove(ids: Uint32Array): number {
    const before = this.size;
    for (const id of ids) {
      const slot = this.#slots.get(id);
      if (slot === undefined) continue;
      const end = this.size - 1;
      this.#write(slot, this.#read(end));
      this.#ids[slot] = this.#ids[end];
      this.#slots.set(this.#ids[end], slot);
      this.#slots.delete(id);
      this.#sorted = undefined;
    }
    this.#chunks.length = Math.ceil(this.size / CHUNK);
    return before - this.size;
  }

  /** Ids that a filter lets through, ascending. */
  ids(accepts?: (id: number) => boolean): Uint32Array {
    this.#sorted ??= this.#ids.slice(0, this.size).sort();
    return accepts ? this.#sorted.filter(accepts) : this.#sorted;
  }

  /** The vectors of some ids, in their order, in pieces that are overwritten by the next one. Rows that lie as they are wanted are not copied. */
  *pieces(ids: Uint32Array): Generator<Float32Array> {
    const D = this.dimension;
    const slots = Uint32Array.from(ids, (id) => this.#slots.get(id)!);
    const staging = new Float32Array(Math.min(CHUNK, ids.length) * D);
    for (let start = 0, end = 0; start < slots.length; start = end) {
      end = endOfRun(slots, start);
      const chunk = this.#chunks[Math.floor(slots[start] / CHUNK)];
      if (chunk instanceof Float32Array && end - start >= WORTHWHILE) {
        const row = slots[start] % CHUNK;
        yield chunk.subarray(row * D, (row + end - start) * D);
        continue;
      }
      end = Math.min(slots.length, start + CHUNK);
      for (let i = start; i < end; i++) this.#decode(slots[i], staging, (i - start) * D);
      yield staging.subarray(0, (end - start) * D);
    }
  }

  *rows(): Generator<Rows> {
    let start = 0;
    const ids = this.ids();
    for (const vectors of this.pieces(ids)) {
      const count = vectors.length / this.dimension;
      yield { ids: ids.slice(start, start + count), vectors };
      start += count;
    }
  }

  /** Memory for so many vectors. */
  #makeRoom(size: number): void {
    if (size > this.#ids.length) {
      const grown = new Uint32Array(Math.max(size, this.#ids.length * 2));
      grown.set(this.#ids);
      this.#ids = grown;
    }
    const chunks = this.#chunks.length;
    try {
      while (this.#chunks.length * CHUNK < size) {
        this.#chunks.push(new (this.stored === "f16" ? Uint16Array : Float32Array)(CHUNK * this.dimension));
      }
    } catch (error) {
      this.#chunks.length = chunks;
      throw error;
    }
  }

  #write(slot: number, vector: Float32Array | Uint16Array): void {
    this.#chunks[Math.floor(slot / CHUNK)].set(vector, (slot % CHUNK) * this.dimension);
  }

  #read(slot: number): Float32Array | Uint16Array {
    const start = (slot % CHUNK) * this.dimension;
    return this.#chunks[Math.floor(slot / CHUNK)].subarray(start, start + this.dimension);
  }

  #decode(slot: number, into: Float32Array, at: number): void {
    const vector = this.#read(slot);
    if (this.stored === "f32") return into.set(vector, at);
    const values = (this.#values ??= float16Values());
    for (let i = 0; i < vector.length; i++) into[at + i] = values[vector[i]];
  }
}

/** Where slots that follow each other in one chunk end. */
function endOfRun(slots: Uint32Array, start: number): number {
  let end = start + 1;
  while (end < slots.length && slots[end] === slots[end - 1] + 1 && slots[end] % CHUNK !== 0) end++;
  return end;
}
