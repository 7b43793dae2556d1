import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { createRegistry, parseOptions, silentLog, type Context } from "@attune/core";
import { structuredVectors, testIndex } from "@attune/testing";
import { expect, test } from "vitest";
import { Index } from "usearch";
import { usearchIndex } from "./index.ts";
import { createUsearchIndex } from "./usearch-index.ts";

const files = createNodeFiles();

testIndex({ plugin: usearchIndex, files, recall: 0.95, tolerance: 2e-3 });
testIndex({ plugin: usearchIndex, files, options: { f32: () => ({ stored: "f32" }) }, recall: 0.95 });
testIndex({ plugin: usearchIndex, files, options: { i8: () => ({ stored: "i8" }) }, metrics: ["cosine"], recall: 0.85, tolerance: 0.03 });

const context = { registry: createRegistry(), files, log: silentLog, signal: new AbortController().signal } as Context;
const open = async (options: object) => usearchIndex.create(parseOptions(usearchIndex.options, options, "index usearch"), context);

test("binary: the share of signs as an estimate of the cosine, good for candidates", async () => {
  const table = structuredVectors({ dimension: 384 });
  const [base, queries] = [table.rows(0, 1000), table.rows(1 << 20, 20)];
  const ids = Uint32Array.from({ length: 1000 }, (_, i) => i);
  await using binary = await open({ stored: "binary" });
  await using whole = await open({ stored: "f32" });
  for (const index of [binary, whole]) await index.add(ids, base);
  const [found, best] = [await binary.search(queries, 100), await whole.search(queries, 10)];
  let right = 0;
  for (let query = 0; query < 20; query++) {
    const candidates = found.ids.subarray(query * 100, (query + 1) * 100);
    right += best.ids.subarray(query * 10, (query + 1) * 10).filter((id) => candidates.includes(id)).length;
  }
  expect(right / 200).toBeGreaterThan(0.9);
  expect(Math.abs(found.scores[0] - best.scores[0])).toBeLessThan(0.25);
});

test.each(["i8", "binary"])("%s keeps directions only, so it has no inner product", async (stored) => {
  await expect(open({ stored, metric: "ip" })).rejects.toMatchObject({ code: "E_OPTION", hint: expect.stringContaining("f16") });
});

/** Has no memory for the vector of this id. */
const NO_ROOM = 700n;

class FullIndex extends Index {
  override add(keys: BigUint64Array, vectors: Float32Array, threads?: number): void {
    const end = keys.indexOf(NO_ROOM);
    if (end < 0) return super.add(keys, vectors, threads);
    if (end > 0) super.add(keys.subarray(0, end), vectors.subarray(0, end * this.dimensions()), threads);
    throw new TypeError("Failed to reserve memory");
  }
}

test("an add that fails half way adds nothing, and what it would have replaced stays", async () => {
  const table = structuredVectors({ dimension: 16 });
  const options = parseOptions(usearchIndex.options, { stored: "f32" }, "index usearch");
  await using index = createUsearchIndex(FullIndex, files, options);
  await expect(index.add(Uint32Array.of(5, Number(NO_ROOM)), table.rows(0, 2))).rejects.toThrow("reserve memory");
  const wide = structuredVectors({ dimension: 32 });
  await expect(index.add(Uint32Array.of(Number(NO_ROOM)), wide.rows(0, 1))).rejects.toThrow("reserve memory");
  expect(await index.size()).toBe(0);
  await index.add(idsFrom(0, 20), table.rows(0, 20));
  await expect(index.add(idsFrom(0, 1000), table.rows(5000, 1000))).rejects.toThrow("reserve memory");
  expect(await index.size()).toBe(20);
  const hits = await index.search(table.rows(0, 20), 20);
  expect(Array.from({ length: 20 }, (_, query) => hits.ids[query * 20])).toEqual([...idsFrom(0, 20)]);
  expect(new Set(hits.ids).size).toBe(20);
  await index.add(idsFrom(0, 300), table.rows(5000, 300));
  expect([await index.size(), (await index.search(table.rows(5299, 1), 1)).ids[0]]).toEqual([300, 299]);
});

const idsFrom = (start: number, count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i);

test("vectors that cannot be replaced, for want of memory, stay as they were; a graph takes twice the vectors of one call at most", async () => {
  const table = structuredVectors({ dimension: 16 });
  const options = parseOptions(usearchIndex.options, { stored: "f32" }, "index usearch");
  const made: Index[] = [];
  let failing: number | undefined;
  class WatchedIndex extends Index {
    constructor(...args: ConstructorParameters<typeof Index>) {
      super(...args);
      made.push(this);
    }
    override add(keys: BigUint64Array, vectors: Float32Array, threads?: number): void {
      super.add(keys, vectors, threads);
      if (keys.some((key) => Number(BigInt.asUintN(32, key)) === failing)) throw new TypeError("Failed to reserve memory");
    }
  }
  await using index = createUsearchIndex(WatchedIndex, files, options);
  await index.add(idsFrom(0, 600), table.rows(0, 600));
  const nearest = async (rows: Float32Array): Promise<number[]> => [...(await index.search(rows, 1)).ids];
  const expectRows = async (start: number, row: number, count: number): Promise<void> =>
    expect(await nearest(table.rows(row, count))).toEqual([...idsFrom(start, count)]);
  for (const ids of [idsFrom(100, 300), idsFrom(0, 600), idsFrom(300, 500)]) {
    failing = 390;
    await expect(index.add(ids, table.rows(5000, ids.length))).rejects.toThrow("reserve memory");
    failing = undefined;
    expect(await index.size()).toBe(600);
    await expectRows(0, 0, 600);
  }
  for (let round = 1; round <= 6; round++) {
    for (let start = 0; start < 600; start += 200) await index.add(idsFrom(start, 200), table.rows(1000 * round + start, 200));
    expect(await index.size()).toBe(600);
    await expectRows(0, 1000 * round, 600);
    expect(made.at(-1)!.capacity()).toBeLessThanOrEqual(1024);
  }
  await index.delete(idsFrom(300, 100));
  await index.add(idsFrom(350, 100), table.rows(9000, 100));
  await expectRows(350, 9000, 100);
  const all = await index.search(table.rows(9000, 1), 1000);
  expect([...all.ids].sort((a, b) => a - b)).toEqual([...idsFrom(0, 300), ...idsFrom(350, 250)]);
  const folder = mkdtempSync(join(tmpdir(), "attune-usearch-"));
  try {
    await index.save(folder);
    await using loaded = createUsearchIndex(Index, files, options);
    await loaded.load(folder);
    expect(await loaded.search(table.rows(9000, 1), 1000)).toEqual(all);
    expect(await loaded.delete(idsFrom(0, 600))).toBe(550);
    expect(await loaded.size()).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
