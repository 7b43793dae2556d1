import type { Files } from "@attune/core";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { afterEach, expect, test, vi } from "vitest";
import { createExactIndex } from "./exact-index.ts";
import { RowStore } from "./row-store.ts";

const D = 3;
/** Rows of one piece of memory. */
const CHUNK = 4096;

afterEach(() => vi.unstubAllGlobals());

/** No memory for the pieces after so many: half-precision numbers are kept in arrays of 16 bits. */
function endMemoryAfter(pieces: number, dimension = D): void {
  let left = pieces;
  const Whole = Uint16Array;
  class Limited extends Whole {
    constructor(length: number) {
      if (length === CHUNK * dimension && left-- === 0) throw new RangeError("Array buffer allocation failed");
      super(length);
    }
  }
  vi.stubGlobal("Uint16Array", Limited);
}

const idsFrom = (start: number, count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i);
const filledWith = (value: number, count: number, dimension = D): Float32Array => new Float32Array(count * dimension).fill(value);

test("vectors for which there is no memory are not there, and none is changed", () => {
  const store = new RowStore(D, "f16");
  store.put(idsFrom(0, 10), filledWith(1, 10));
  endMemoryAfter(1);
  expect(() => store.put(idsFrom(5, 3 * CHUNK), filledWith(2, 3 * CHUNK))).toThrow("allocation failed");
  expect([store.size, store.has(10), [...store.ids()]]).toEqual([10, false, [...idsFrom(0, 10)]]);
  expect([...store.rows()].flatMap(({ vectors }) => [...vectors])).toEqual([...filledWith(1, 10)]);
  vi.unstubAllGlobals();
  store.put(idsFrom(5, 3 * CHUNK), filledWith(2, 3 * CHUNK));
  expect(store.size).toBe(3 * CHUNK + 5);
  const sums = Array.from(store.rows(), ({ vectors }) => vectors.reduce((sum, value) => sum + value, 0)); // a piece is overwritten by the next
  expect(sums.reduce((sum, value) => sum + value, 0)).toBe(D * (5 + 2 * 3 * CHUNK));
});

test("an index whose first vectors had no memory takes vectors of another width", async () => {
  await using index = createExactIndex(new Engine(createReferenceBackend()), {} as Files, { stored: "f16" });
  endMemoryAfter(0);
  await expect(index.add(idsFrom(0, 2), filledWith(1, 2))).rejects.toThrow("allocation failed");
  vi.unstubAllGlobals();
  await index.add(idsFrom(0, 3), Float32Array.of(1, 0, 0, 1, -1, 0));
  expect([...(await index.search(Float32Array.of(0, 1), 3)).ids]).toEqual([1, 0, 2]);
});
