import { createRandom } from "@attune/core";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { expect, test } from "vitest";
import { exactSearch } from "./exact-search.ts";

const D = 5;
/** Small whole numbers, so that sums are exact and ties are many. */
const vectors = (count: number, site: string): Float32Array => {
  const random = createRandom(1, site);
  return Float32Array.from({ length: count * D }, () => random.below(5) - 2);
};
const queries = vectors(7, "queries");
const corpus = vectors(40, "corpus");

function bySorting(k: number): { index: number[]; scores: number[] } {
  const index: number[] = [];
  const scores: number[] = [];
  for (let q = 0; q < 7; q++) {
    const score = (n: number): number => queries.subarray(q * D, (q + 1) * D).reduce((sum, value, d) => sum + value * corpus[n * D + d], 0);
    const order = Array.from({ length: 40 }, (_, n) => n).sort((a, b) => score(b) - score(a) || a - b);
    index.push(...order.slice(0, k));
    scores.push(...order.slice(0, k).map(score));
  }
  return { index, scores };
}

test.each([
  [1, 4096, 1024],
  [10, 4096, 1024],
  [10, 8, 3],
  [10, 7, 2],
  [10, 1, 1],
  [40, 16, 7],
  [100, 16, 7],
])("k %i in blocks of %i documents and %i queries: as sorting all scores, ties by the lower row", async (k, corpusBlock, queryBlock) => {
  const engine = new Engine(createReferenceBackend());
  const live = engine.backend.counters.bytesLive;
  const found = await exactSearch(engine, queries, corpus, { k, dimension: D, corpusBlock, queryBlock });
  expect(found.width).toBe(Math.min(k, 40));
  expect({ index: [...found.index], scores: [...found.scores] }).toEqual(bySorting(k));
  expect(engine.backend.counters.bytesLive).toBe(live);
});

test("an empty corpus, NaN, an aborted signal", async () => {
  const engine = new Engine(createReferenceBackend());
  expect(await exactSearch(engine, queries, new Float32Array(), { k: 3, dimension: D })).toMatchObject({
    width: 0,
    index: new Int32Array(),
  });
  await expect(exactSearch(engine, queries, corpus.with(30 * D, NaN), { k: 3, dimension: D, corpusBlock: 8 })).rejects.toMatchObject({
    code: "E_NON_FINITE",
  });
  await expect(exactSearch(engine, queries, corpus, { k: 3, dimension: D, signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
});
