import { createNodeFiles } from "@attune/files-node";
import { parseOptions } from "@attune/core";
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
