// Maps and sets of more entries than JavaScript's own take: those of V8 end at 2^24, which is a corpus of 17 million documents.

/** Parts, by which the limit grows. */
const PARTS = 64;

/** Numbers that follow each other stay together, a million in a part: they often come in that order, and a small map is in the cache. */
const partOf = (id: number): number => (id >>> 20) % PARTS;

/** A map by whole numbers of 32 bits, or by texts that differ in the last bits of their first unit, as hashes do. It keeps no order. */
export class WideMap<Key extends number | string, Value> {
  readonly #parts = Array.from({ length: PARTS }, () => new Map<Key, Value>());

  get size(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0);
  }

  get(key: Key): Value | undefined {
    return this.#partOf(key).get(key);
  }

  has(key: Key): boolean {
    return this.#partOf(key).has(key);
  }

  set(key: Key, value: Value): void {
    this.#partOf(key).set(key, value);
  }

  delete(key: Key): boolean {
    return this.#partOf(key).delete(key);
  }

  #partOf(key: Key): Map<Key, Value> {
    return this.#parts[typeof key === "number" ? partOf(key) : key.charCodeAt(0) % PARTS];
  }
}

/** A set of whole numbers of 32 bits. It keeps no order. */
export class WideSet {
  readonly #parts = Array.from({ length: PARTS }, () => new Set<number>());

  constructor(ids: Iterable<number> = []) {
    for (const id of ids) this.add(id);
  }

  get size(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0);
  }

  has(id: number): boolean {
    return this.#parts[partOf(id)].has(id);
  }

  add(id: number): void {
    this.#parts[partOf(id)].add(id);
  }

  delete(id: number): boolean {
    return this.#parts[partOf(id)].delete(id);
  }

  *[Symbol.iterator](): Generator<number> {
    for (const part of this.#parts) yield* part;
  }
}
