// Free address ranges of several chunks of memory, ordered for best fit; neighbours join when they meet. Only arithmetic: no memory is touched.

/** `bytes` bytes from `address` on; addresses are numbers up to 2^53. */
export interface MemoryRange {
  readonly address: number;
  readonly bytes: number;
}

/** A free range knows its chunk: ranges of two chunks never join, even side by side. */
interface FreeRange extends MemoryRange {
  readonly chunk: MemoryRange;
}

export class FreeRanges {
  /** By size, then by address: the first that is large enough is the best fit. */
  readonly #sorted: FreeRange[] = [];
  readonly #byStart = new Map<number, FreeRange>();
  readonly #byEnd = new Map<number, FreeRange>();

  /** Gives a range of `chunk` back, joined with the free ranges before and after it. */
  add({ address, bytes }: MemoryRange, chunk: MemoryRange): void {
    let start = address;
    let end = address + bytes;
    const before = this.#byEnd.get(start);
    if (before?.chunk === chunk) {
      this.#remove(before);
      start = before.address;
    }
    const after = this.#byStart.get(end);
    if (after?.chunk === chunk) {
      this.#remove(after);
      end = after.address + after.bytes;
    }
    this.#insert({ address: start, bytes: end - start, chunk });
  }

  /** Cuts `bytes` from the low or the high end of the smallest range that has them; undefined when none has. */
  take(bytes: number, end: "low" | "high"): FreeRange | undefined {
    const best = this.#sorted[this.#position(bytes, 0)];
    if (!best) return undefined;
    this.#remove(best);
    const { address, chunk } = best;
    const rest = best.bytes - bytes;
    if (rest > 0) this.#insert({ address: end === "low" ? address + bytes : address, bytes: rest, chunk });
    return { address: end === "low" ? address : address + rest, bytes, chunk };
  }

  /** Bytes of all free ranges. */
  get total(): number {
    return this.#sorted.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** True when all of `chunk` is free; it is forgotten then. */
  forget(chunk: MemoryRange): boolean {
    const whole = this.#byStart.get(chunk.address);
    if (whole?.chunk !== chunk || whole.bytes !== chunk.bytes) return false;
    this.#remove(whole);
    return true;
  }

  /** By size, then by address. */
  [Symbol.iterator](): Iterator<MemoryRange> {
    return this.#sorted.values();
  }

  #insert(range: FreeRange): void {
    this.#sorted.splice(this.#position(range.bytes, range.address), 0, range);
    this.#byStart.set(range.address, range);
    this.#byEnd.set(range.address + range.bytes, range);
  }

  #remove(range: FreeRange): void {
    this.#sorted.splice(this.#position(range.bytes, range.address), 1);
    this.#byStart.delete(range.address);
    this.#byEnd.delete(range.address + range.bytes);
  }

  /** Index of the first range that does not come before (bytes, address). */
  #position(bytes: number, address: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#sorted[middle];
      if (range.bytes < bytes || (range.bytes === bytes && range.address < address)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
