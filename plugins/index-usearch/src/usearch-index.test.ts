import { createNodeFiles } from "@attune/files-node";
import { createRegistry, parseOptions, silentLog, type Context } from "@attune/core";
import { structuredVectors, testIndex } from "@attune/testing";
import { expect, test } from "vitest";
import { usearchIndex } from "./index.ts";

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
