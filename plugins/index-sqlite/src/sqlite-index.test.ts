import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, silentLog } from "@attune/core";
import type { Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { testIndex } from "@attune/testing";
import { afterAll, expect, test } from "vitest";
import { sqliteIndex } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = createNodeFiles();
let made = 0;

testIndex({
  plugin: sqliteIndex,
  files,
  metrics: ["cosine"],
  options: { memory: () => ({}), file: () => ({ path: join(folder, `${made++}.db`) }) },
});

const context = { registry: createRegistry(), files, log: silentLog, signal: new AbortController().signal } as Context;
const open = (path: string, more: object = {}) => sqliteIndex.create({ metric: "cosine", table: "vectors", path, ...more }, context);

test("a file keeps what was added, without save", async () => {
  const path = join(folder, "kept.db");
  {
    await using index = await open(path);
    await index.add(Uint32Array.of(7, 9), Float32Array.of(1, 0, 0, 1));
  }
  await using index = await open(path);
  expect(await index.size()).toBe(2);
  expect([...(await index.search(Float32Array.of(0, 2), 1)).ids]).toEqual([9]);
  await expect(index.add(Uint32Array.of(1), Float32Array.of(1, 2, 3))).rejects.toMatchObject({ code: "E_VECTORS" });
});

test("more places than sqlite-vec gives", async () => {
  await using index = await open(join(folder, "many.db"));
  const count = 4200;
  const vectors = Float32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? Math.sin(i) : Math.cos(i - 1)));
  await index.add(
    Uint32Array.from({ length: count }, (_, i) => i),
    vectors,
  );
  const hits = await index.search(Float32Array.of(1, 0), count);
  expect([hits.width, new Set(hits.ids).size]).toEqual([count, count]);
  expect((await index.search(Float32Array.of(1, 0), 4100, { filter: (id) => id < 5 })).ids.slice(0, 6)).toContain(0xffffffff);
});

test("a file that is no database", async () => {
  const path = join(folder, "text.db");
  writeFileSync(path, "this is no database, and long enough to be seen as none by its first bytes ".repeat(20));
  await expect(open(path)).rejects.toMatchObject({ code: "E_INDEX_FILE" });
  await expect(open(join(folder, "none", "x.db"))).rejects.toMatchObject({ code: "E_INDEX_FILE" });
});
