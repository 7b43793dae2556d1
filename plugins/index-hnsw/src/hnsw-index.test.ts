import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { createRandom, parseOptions, type Context } from "@attune/core";
import { structuredVectors, testIndex } from "@attune/testing";
import { expect, test } from "vitest";
import { createHnswIndex } from "./hnsw-index.ts";
import { hnswIndex } from "./index.ts";

const available = await hnswIndex.available!({});

testIndex({ plugin: hnswIndex, files: createNodeFiles(), recall: 0.95, ...(available !== true && { skip: available }) });

/** Has no memory for the vector of this id. */
const NO_ROOM = 700;

test.skipIf(available !== true)("an add that fails half way adds nothing, and what it would have replaced stays", async () => {
  const { default: hnswlib } = await import("hnswlib-node");
  class FullGraph extends hnswlib.HierarchicalNSW {
    override addPoint(point: number[], label: number): void {
      if (label === NO_ROOM) throw new Error("Not enough memory");
      super.addPoint(point, label);
    }
  }
  const table = structuredVectors({ dimension: 16 });
  const idsFrom = (start: number, count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i);
  const options = parseOptions(hnswIndex.options, {}, "index hnsw");
  await using index = createHnswIndex({ HierarchicalNSW: FullGraph }, createNodeFiles(), options);
  await expect(index.add(Uint32Array.of(5, NO_ROOM), table.rows(0, 2))).rejects.toThrow("Not enough memory");
  const wide = structuredVectors({ dimension: 32 });
  await expect(index.add(Uint32Array.of(NO_ROOM), wide.rows(0, 1))).rejects.toThrow("Not enough memory");
  expect(await index.size()).toBe(0);
  await index.add(idsFrom(0, 20), table.rows(0, 20));
  await expect(index.add(idsFrom(0, 1000), table.rows(5000, 1000))).rejects.toThrow("Not enough memory");
  expect(await index.size()).toBe(20);
  const hits = await index.search(table.rows(0, 20), 20);
  expect(Array.from({ length: 20 }, (_, query) => hits.ids[query * 20])).toEqual([...idsFrom(0, 20)]);
  expect(new Set(hits.ids).size).toBe(20);
});

test.skipIf(available !== true)("vectors that are replaced by a call that fails get their old numbers again", async () => {
  const { default: hnswlib } = await import("hnswlib-node");
  let failing: number | undefined;
  class FullGraph extends hnswlib.HierarchicalNSW {
    override addPoint(point: number[], label: number): void {
      super.addPoint(point, label);
      if (label !== failing) return;
      failing = undefined;
      throw new Error("Not enough memory");
    }
  }
  const table = structuredVectors({ dimension: 16 });
  const ids = Uint32Array.from({ length: 200 }, (_, i) => i);
  await using index = createHnswIndex({ HierarchicalNSW: FullGraph }, createNodeFiles(), parseOptions(hnswIndex.options, {}, "index hnsw"));
  await index.add(ids, table.rows(0, 200));
  failing = 150;
  const more = Uint32Array.from({ length: 210 }, (_, i) => i);
  await expect(index.add(more, table.rows(5000, 210))).rejects.toThrow("Not enough memory");
  expect(await index.size()).toBe(200);
  const { ids: found, scores } = await index.search(table.rows(0, 200), 1);
  expect([...found]).toEqual([...ids]);
  expect(Math.min(...scores)).toBeCloseTo(1, 5);
});

test.skipIf(available !== true)("a graph that the disk did not take to its end is not saved, and the one before stays", async () => {
  const { default: hnswlib } = await import("hnswlib-node");
  let kept = Infinity;
  class CutGraph extends hnswlib.HierarchicalNSW {
    override async writeIndex(path: string): Promise<boolean> {
      const written = await super.writeIndex(path);
      if (kept < statSync(path).size) truncateSync(path, kept);
      return written;
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "attune-hnsw-"));
  try {
    const table = structuredVectors({ dimension: 16 });
    const ids = Uint32Array.from({ length: 300 }, (_, i) => i);
    await using index = createHnswIndex(
      { HierarchicalNSW: CutGraph },
      createNodeFiles(),
      parseOptions(hnswIndex.options, {}, "index hnsw"),
    );
    await index.add(ids.subarray(0, 100), table.rows(0, 100));
    await index.save(folder);
    await index.add(ids, table.rows(0, 300));
    await index.save(join(folder, "whole"));
    const whole = statSync(join(folder, "whole", "save-1.hnsw")).size;
    for (kept of [0, 50, 96, 5000, whole - 5000, whole - 1]) {
      const problem = `was cut off after ${kept} bytes while it was written`;
      await expect(index.save(folder)).rejects.toMatchObject({ code: "E_FILE", place: join(folder, "save-2.hnsw"), problem });
    }
    kept = Infinity;
    await index.load(folder);
    expect(await index.size()).toBe(100);
    await index.load(join(folder, "whole"));
    await index.save(folder);
    expect(readdirSync(folder)).toEqual(["index.json", "save-2.hnsw", "save-2.ids", "whole"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(available !== true)("vectors that the graph does not lead to are found where all are asked for", async () => {
  const random = createRandom(5, "unreachable");
  const vectors = (count: number): Float32Array => Float32Array.from({ length: count * 4 }, () => random.normal());
  const options = parseOptions(hnswIndex.options, { metric: "ip", m: 2, efConstruction: 2 }, "index hnsw");
  await using index = await hnswIndex.create(options, { files: createNodeFiles() } as Context);
  const ids = Uint32Array.from({ length: 600 }, (_, i) => i);
  await index.add(ids, vectors(600));
  const odd = new Set(ids.filter((id) => id % 2 === 1));
  const query = Float32Array.of(1, 1, 0, 0);
  expect(new Set((await index.search(query, 1000)).ids)).toEqual(new Set(ids));
  expect(new Set((await index.search(query, 300, { filter: odd })).ids)).toEqual(odd);
});
