import type { Context } from "@attune/core";
import { expect, test } from "vitest";
import { searchBy, searchPartsBy } from "./search-by.ts";
import { NO_ID } from "./vector-index.ts";

const D = 2;
const corpus = { rows: 5, dimension: D, read: (start: number, count: number) => new Float32Array(count * D).fill(start) };

/** A context whose one index finds its first vectors for every query, and what was asked of it. */
function contextWith(lives: "memory" | "file") {
  const calls: string[] = [];
  let size = 0;
  const index = {
    capabilities: { exact: true, lives },
    size: async () => size,
    async add(ids: Uint32Array) {
      size += ids.length;
      calls.push(`add ${ids.length}`);
    },
    async search(queries: Float32Array, k: number) {
      const count = queries.length / D;
      calls.push(`search ${count}`);
      const ids = Uint32Array.from({ length: count * k }, (_, i) => (i % k === k - 1 ? NO_ID : i % k));
      return { width: count === 0 ? 0 : k, ids, scores: Float32Array.from(ids, (_, i) => queries[D * Math.floor(i / k)]) };
    },
    async delete(ids: Uint32Array) {
      size -= ids.length;
      calls.push(`delete ${ids.length}`);
    },
    async [Symbol.asyncDispose]() {
      calls.push("close");
    },
  };
  const context = { registry: { create: async () => (calls.push("open"), index) } } as unknown as Context;
  return { calls, context };
}

const queries = Float32Array.of(1, 0, 2, 0, 3, 0);

test("an index is filled once for all parts of the queries, emptied where it outlives the process, and closed", async () => {
  for (const lives of ["memory", "file"] as const) {
    const { calls, context } = contextWith(lives);
    const parts = await Array.fromAsync(searchPartsBy("any", "cosine", context)!(queries, corpus, { k: 2, part: 2 }));
    expect(parts).toEqual([
      { width: 2, index: Int32Array.of(0, -1, 0, -1), scores: Float32Array.of(1, 1, 2, 2) },
      { width: 2, index: Int32Array.of(0, -1), scores: Float32Array.of(3, 3) },
    ]);
    const after = lives === "file" ? ["delete 5"] : [];
    expect(calls).toEqual(["open", "add 5", "search 2", "search 1", ...after, "close"]);
  }
});

test("whoever takes no further part, or fails with one, leaves an empty index, too", async () => {
  for (const fails of [true, false]) {
    const { calls, context } = contextWith("file");
    const taken = (async () => {
      for await (const { width } of searchPartsBy("any", "ip", context)!(queries, corpus, { k: 2, part: 1 })) {
        if (fails) throw new Error(`no use for ${width}`);
        break;
      }
    })();
    expect(await taken.catch((error: Error) => error.message)).toBe(fails ? "no use for 2" : undefined);
    expect(calls).toEqual(["open", "add 5", "search 1", "delete 5", "close"]);
  }
});

test("all queries at once, or none", async () => {
  const { calls, context } = contextWith("file");
  const search = searchBy(["any", {}], "cosine", context)!;
  expect((await search(queries, corpus, { k: 1 })).index).toHaveLength(3);
  expect(await search(new Float32Array(), corpus, { k: 1 }).then(({ width }) => width)).toBe(0);
  expect(calls.filter((call) => call.startsWith("search"))).toEqual(["search 3", "search 0"]);
  expect(searchBy("exact", "cosine", context)).toBeUndefined();
});
