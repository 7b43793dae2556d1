// A queue of pairs of tokens, the most frequent first; of equally frequent ones the one with the smaller ids, so that the order depends on nothing else.
// Counts change often: an entry keeps the count that it was put in with, and whoever takes it out compares.

/** Ids are below this, so that a pair is one number. */
export const PAIR_BASE = 2 ** 25;

/** A binary heap of (pair, count). */
export class PairQueue {
  readonly #pairs: number[] = [];
  readonly #counts: number[] = [];

  get size(): number {
    return this.#pairs.length;
  }

  push(pair: number, count: number): void {
    let at = this.#pairs.length;
    this.#pairs.push(pair);
    this.#counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The first entry, taken out; the queue must not be empty. */
  pop(): { pair: number; count: number } {
    const first = { pair: this.#pairs[0], count: this.#counts[0] };
    this.#swap(0, this.#pairs.length - 1);
    this.#pairs.pop();
    this.#counts.pop();
    this.#sink();
    return first;
  }

  #sink(): void {
    const size = this.#pairs.length;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= size) return;
      const child = left + 1 < size && this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #before(a: number, b: number): boolean {
    const difference = this.#counts[a] - this.#counts[b];
    return difference > 0 || (difference === 0 && this.#pairs[a] < this.#pairs[b]);
  }

  #swap(a: number, b: number): void {
    [this.#pairs[a], this.#pairs[b]] = [this.#pairs[b], this.#pairs[a]];
    [this.#counts[a], this.#counts[b]] = [this.#counts[b], this.#counts[a]];
  }
}
