// Token ids by the hash of their text, in flat arrays: a million texts are a million objects fewer.

/** What a table holds, as it goes to a file and comes from one. */
export interface TokenEntries {
  /** [N 4]: hashes of texts. */
  readonly keys: Uint32Array<ArrayBuffer>;
  /** [N]: ids of each; with `TYPED` set, as many types follow. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** Ids, and types where there are some, one entry after the other. */
  readonly values: Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
}

/** Set in the length of an entry that has types other than 0. */
export const TYPED = 0x8000_0000;

/** A growing list of entries that can be found by their keys. */
export class TokenTable {
  #keys = new Uint32Array(4 * 1024);
  #lengths = new Uint32Array(1024);
  #starts: number[] = [];
  #values: Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  #filled = 0;
  /** By 53 bits of the key; the others are compared. */
  readonly #places = new Map<number, number>();

  /** With ids up to `highest`. */
  constructor(highest: number) {
    this.#values = highest < 2 ** 16 ? new Uint16Array(4096) : new Uint32Array(4096);
  }

  get size(): number {
    return this.#starts.length;
  }

  /** The number of the entry with this key, or -1. */
  find(key: Uint32Array): number {
    const at = this.#places.get(shortOf(key, 0)) ?? -1;
    if (at < 0) return -1;
    for (let i = 0; i < 4; i++) if (this.#keys[4 * at + i] !== key[i]) return -1;
    return at;
  }

  /** Ids and types of an entry. */
  read(at: number): { ids: number[]; typeIds: number[] } {
    const start = this.#starts[at];
    const length = this.#lengths[at] & ~TYPED;
    const typed = this.#lengths[at] >= TYPED;
    const [ids, typeIds]: [number[], number[]] = [[], []];
    for (let i = start; i < start + length; i++) {
      ids.push(this.#values[i]);
      typeIds.push(typed ? this.#values[i + length] : 0);
    }
    return { ids, typeIds };
  }

  /** Adds an entry; false where its key, or one too much like it, is there already. */
  add(key: Uint32Array, ids: readonly number[], typeIds: readonly number[]): boolean {
    const typed = typeIds.some((type) => type !== 0);
    return this.#append(key, 0, typed ? [...ids, ...typeIds] : ids, typed ? (ids.length | TYPED) >>> 0 : ids.length);
  }

  /** Adds all entries that it does not have. */
  addAll({ keys, lengths, values }: TokenEntries): void {
    let start = 0;
    lengths.forEach((length, i) => {
      const end = start + (length >= TYPED ? 2 * (length & ~TYPED) : length);
      this.#append(keys, 4 * i, values.subarray(start, end), length);
      start = end;
    });
  }

  /** The entries from `first` on. */
  entries(first = 0): TokenEntries {
    const start = this.#starts[first] ?? this.#filled;
    return {
      keys: this.#keys.slice(4 * first, 4 * this.size),
      lengths: this.#lengths.slice(first, this.size),
      values: this.#values.slice(start, this.#filled),
    };
  }

  #append(keys: Uint32Array, from: number, values: ArrayLike<number>, length: number): boolean {
    const short = shortOf(keys, from);
    if (this.#places.has(short)) return false;
    const at = this.size;
    if (at === this.#lengths.length) {
      this.#keys = grown(this.#keys, 8 * at);
      this.#lengths = grown(this.#lengths, 2 * at);
    }
    const needed = this.#filled + values.length;
    if (needed > this.#values.length) this.#values = grown(this.#values, Math.max(needed, 2 * this.#values.length));
    for (let i = 0; i < 4; i++) this.#keys[4 * at + i] = keys[from + i];
    this.#lengths[at] = length;
    this.#values.set(values, this.#filled);
    this.#starts.push(this.#filled);
    this.#filled = needed;
    this.#places.set(short, at);
    return true;
  }
}

function shortOf(keys: Uint32Array, from: number): number {
  return keys[from] * 2 ** 21 + (keys[from + 1] >>> 11);
}

function grown<A extends Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>(array: A, length: number): A {
  const larger = new (array.constructor as new (length: number) => A)(length);
  larger.set(array);
  return larger;
}
