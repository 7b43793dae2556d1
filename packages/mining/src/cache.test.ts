import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { describe, expect, test } from "vitest";
import { countingEmbedder, numberedWorld, temporaryFolder, vectorOf } from "../test/support.ts";
import { memoryCorpus } from "./corpus.ts";
import { embedCorpus, embedTask, type Embedder } from "./embed.ts";
import { openEmbeddingCache } from "./embedding-cache.ts";
import { miningTaskOf } from "./task.ts";

const files = createNodeFiles();

const { documents, rows } = numberedWorld(2600); // three shards of the corpus
const corpus = memoryCorpus(documents);
const side = { side: "document", prompt: "" } as const;

const expected = (prompt = ""): Float32Array => Float32Array.from(documents.flatMap((text) => vectorOf(prompt + text, 8)));
const shardsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".vectors"))
    .map((name) => join(folder, name))
    .sort();

/** Embeds the documents with a cache; what was encoded for it, and the vectors. */
async function run(folder: string, embedder: Embedder & { encoded: string[] } = countingEmbedder(), more: { model?: string } = {}) {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const source = await embedCorpus(corpus, embedder, { ...side, cache: { files, folder, log, model: "m", ...more } });
  return { vectors: await source.read(0, source.rows), encoded: embedder.encoded, warnings, source };
}

test("a second run encodes nothing; another model, prompt or side's prompt is another cache", async () => {
  using folder = temporaryFolder();
  const first = await run(folder.path);
  expect(first.encoded).toEqual(documents);
  expect(first.vectors).toEqual(expected());
  const second = await run(folder.path);
  expect(second.encoded).toEqual([]);
  expect(second.vectors).toEqual(expected());
  const far = [2599, 7, 1023, 1024, 7];
  expect(await second.source.gather(far)).toEqual(Float32Array.from(far.flatMap((row) => vectorOf(documents[row], 8))));
  expect(await second.source.read(1500, 3)).toEqual(expected().subarray(1500 * 8, 1503 * 8));
  expect((await run(folder.path, countingEmbedder(), { model: "other" })).encoded).toHaveLength(documents.length);
  const embedder = countingEmbedder();
  const prompted = await embedCorpus(corpus, embedder, { ...side, prompt: "passage: ", cache: { files, folder: folder.path, model: "m" } });
  expect(embedder.encoded).toEqual(documents);
  expect(await prompted.read(0, documents.length)).toEqual(expected("passage: "));
});

test("only new texts are encoded, in any order, repeated ones once", async () => {
  using folder = temporaryFolder();
  await run(folder.path);
  const embedder = countingEmbedder();
  const shuffled = ["new", documents[2000], "new", documents[3], documents[4], "newer"];
  const cache = { files, folder: folder.path, model: "m" };
  const source = await embedCorpus(memoryCorpus(shuffled), embedder, { ...side, cache });
  expect(embedder.encoded).toEqual(["new", "newer"]);
  expect(await source.read(0, 6)).toEqual(Float32Array.from(shuffled.flatMap((text) => vectorOf(text, 8))));
});

describe("a damaged shard is removed, said, and encoded again", () => {
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ["one bit of a vector", (bytes) => ((bytes[20_000] ^= 1), bytes)],
    ["one bit of a hash", (bytes) => ((bytes[40] ^= 1), bytes)],
    ["cut short", (bytes) => bytes.subarray(0, 30_000)],
    ["empty", () => Buffer.alloc(0)],
    ["other bytes", () => Buffer.from("not a shard at all, but long enough to hold a header and a checksum")],
  ];
  test.each(damages)("%s", async (_, damage) => {
    using folder = temporaryFolder();
    await run(folder.path);
    const shard = shardsIn(folder.path)[1];
    writeFileSync(shard, damage(readFileSync(shard)));
    const again = await run(folder.path);
    expect(again.encoded).toEqual(documents.slice(1024, 2048));
    expect(again.vectors).toEqual(expected());
    expect(again.warnings).toEqual([`${shard} is damaged (its checksum differs): removed, its texts are encoded again`]);
    const healed = await run(folder.path);
    expect([healed.encoded, healed.warnings]).toEqual([[], []]);
  });
});

test("a killed run goes on where it was; a temporary file of it does not matter", async () => {
  using folder = temporaryFolder();
  const dying = countingEmbedder();
  const { encode } = dying;
  let calls = 0;
  dying.encode = (texts, options) => (++calls === 3 ? Promise.reject(new Error("killed")) : encode(texts, options));
  await expect(run(folder.path, dying)).rejects.toThrow("killed");
  writeFileSync(`${shardsIn(folder.path)[0]}.tmp`, "half a shard");
  const resumed = await run(folder.path);
  expect(resumed.encoded).toEqual(documents.slice(2048));
  expect(resumed.vectors).toEqual(expected());
});

test("long texts make shards sooner, so that a killed run loses little", async () => {
  using folder = temporaryFolder();
  const long = Array.from({ length: 7 }, (_, i) => `${i} ${"long ".repeat(50_000)}`);
  const embedder = countingEmbedder();
  const source = await embedCorpus(memoryCorpus(long), embedder, { ...side, cache: { files, folder: folder.path, model: "m" } });
  expect([shardsIn(folder.path).length, source.rows, embedder.encoded.length]).toEqual([3, 7, 7]);
  expect(await source.read(6, 1)).toEqual(Float32Array.from(vectorOf(long[6], 8)));
});

test("stored as f16, vectors are the nearest half-precision numbers", async () => {
  using folder = temporaryFolder();
  const cache = { files, folder: folder.path, model: "m", stored: "f16" } as const;
  for (const encodes of [true, false]) {
    const embedder = countingEmbedder();
    const source = await embedCorpus(corpus, embedder, { ...side, cache });
    expect(embedder.encoded.length > 0).toBe(encodes);
    const vectors = await source.read(0, documents.length);
    const worst = expected().reduce(
      (most, value, i) => Math.max(most, Math.abs(value - vectors[i]) / Math.max(2 ** -14, Math.abs(value))),
      0,
    );
    expect(worst).toBeLessThanOrEqual(2 ** -11);
    expect(worst).toBeGreaterThan(2 ** -14);
  }
});

test("NaN is an error and never cached", async () => {
  using folder = temporaryFolder();
  const broken = countingEmbedder();
  broken.encode = async (texts) => new Float32Array(texts.length * 8).fill(NaN, 8, 9);
  await expect(run(folder.path, broken)).rejects.toMatchObject({ code: "E_NON_FINITE", message: expect.stringContaining('"document 1"') });
  expect(shardsIn(folder.path)).toEqual([]);
});

test("a task: prompts of rows go before the side's, progress counts what was encoded", async () => {
  using folder = temporaryFolder();
  const task = await miningTaskOf([...rows.slice(0, 3), { ...rows[3], prompt: "Own: " }], memoryCorpus(documents.slice(0, 30)));
  const progress: number[][] = [];
  const options = {
    prompts: { query: "q: ", document: "d: " },
    cache: { files, folder: folder.path, model: "m" },
    onProgress: ({ done, total, encoded }: { done: number; total: number; encoded: number }) => progress.push([done, total, encoded]),
  };
  const { queries, documents: source } = await embedTask(task, countingEmbedder(), options);
  const prompted = task.queries.map(({ text }, i) => (i === 3 ? "Own: " : "q: ") + text);
  expect(queries).toEqual(Float32Array.from(prompted.flatMap((text) => vectorOf(text, 8))));
  expect(await source.read(29, 1)).toEqual(Float32Array.from(vectorOf("d: document 29", 8)));
  await embedTask(task, countingEmbedder(), options);
  expect(progress).toEqual([
    [3, 3, 3],
    [1, 1, 1],
    [30, 30, 30],
    [3, 3, 0],
    [1, 1, 0],
    [30, 30, 0],
  ]);
});

test("two runs that share a cache do not disturb each other", async () => {
  using folder = temporaryFolder();
  const both = await Promise.all([run(folder.path), run(folder.path)]);
  for (const { vectors } of both) expect(vectors).toEqual(expected());
  expect((await run(folder.path)).encoded).toEqual([]);
});

test("texts of one cache: found by exactly what they are", async () => {
  using folder = temporaryFolder();
  const cache = await openEmbeddingCache({ model: "m", prompt: "", dimension: 2 }, { files, folder: folder.path });
  await cache.add(["a", "\u{1F600}", ""], Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(["a", "A", "\u{1F600}", "", "a "].map(cache.find)).toEqual([0, undefined, 1, 2, undefined]);
  const reopened = await openEmbeddingCache({ model: "m", prompt: "", dimension: 2 }, { files, folder: folder.path });
  expect(await reopened.read([reopened.find("")!, reopened.find("a")!])).toEqual(Float32Array.of(5, 6, 1, 2));
});
