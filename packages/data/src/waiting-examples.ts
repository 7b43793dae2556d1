// Examples that wait for a batch that they fit into, under the text that was last in their way. While a batch has that text, none of them need
// be looked at: so a batch costs about what it holds, however many wait.

import { MinHeap } from "./min-heap.ts";

/** Examples go by their places in the order, 0 up to `count`; texts by numbers. */
export class WaitingExamples {
  readonly #waiting = new Map<number, MinHeap>();
  /** Place -> the text that it waits for. */
  readonly #textOf: Int32Array;
  /** The first place of each text, and some that are the first no more. */
  readonly #firsts = new MinHeap();
  /** 1 for what is in `#firsts`. */
  readonly #listed: Uint8Array;

  constructor(count: number) {
    this.#textOf = new Int32Array(count).fill(-1);
    this.#listed = new Uint8Array(count);
  }

  /** Has an example wait until a batch without `text`; `free` must follow before the next batch. */
  add(place: number, text: number): void {
    const places = this.#waiting.get(text) ?? new MinHeap();
    this.#waiting.set(text, places);
    places.push(place);
    this.#textOf[place] = text;
  }

  /** The texts of a batch are in nobody's way any more. */
  free(texts: Iterable<number>): void {
    for (const text of texts) {
      const first = this.#waiting.get(text)?.least;
      if (first === undefined || this.#listed[first] === 1) continue;
      this.#listed[first] = 1;
      this.#firsts.push(first);
    }
  }

  /** Takes out the first example that waits for a text which is not taken; undefined when there is none. What it waited for must be taken or freed. */
  next(isTaken: (text: number) => boolean): { readonly place: number; readonly text: number } | undefined {
    for (let place = this.#firsts.pop(); place !== undefined; place = this.#firsts.pop()) {
      this.#listed[place] = 0;
      const text = this.#textOf[place];
      const places = this.#waiting.get(text);
      if (places?.least !== place || isTaken(text)) continue;
      places.pop();
      if (places.size === 0) this.#waiting.delete(text);
      this.#textOf[place] = -1;
      return { place, text };
    }
    return undefined;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }
}
