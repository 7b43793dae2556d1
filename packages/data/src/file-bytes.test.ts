import { gzipSync } from "node:zlib";
import type { Files } from "@attune/core";
import { describe, expect, test } from "vitest";
import { readLines } from "./lines.ts";
import { memoryFiles } from "./memory-files.ts";
import { readRows } from "./read-rows.ts";

const text = Array.from({ length: 30_000 }, (_, i) => `{"anchor": "line ${i} über 灯塔", "positive": "${(i * 7919) % 10_007}"}\n`).join("");
const lines = async (content: Uint8Array, chunkBytes?: number): Promise<(string | undefined)[]> =>
  (await collected(readLines(memoryFiles({ f: content }), "f", { chunkBytes }))).map((line) => line.text);

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** Files whose open files are counted, with the largest offset that was read. */
function watched(contents: Record<string, Uint8Array>, failAt = Infinity) {
  const seen = { open: 0, furthest: 0 };
  const inner = memoryFiles(contents);
  const files: Files = {
    ...inner,
    async open(path, mode) {
      const file = await inner.open(path, mode);
      seen.open++;
      return {
        ...file,
        async read(offset, length) {
          seen.furthest = Math.max(seen.furthest, offset);
          if (offset >= failAt) throw new Error("the disk is gone");
          return file.read(offset, length);
        },
        [Symbol.asyncDispose]: async () => void seen.open--,
      };
    },
  };
  return { files, seen };
}

describe("gzip", () => {
  test.each([1, 100, 1 << 20])("the same lines as the plain file, read %i bytes at a time", async (chunkBytes) => {
    const short = text.slice(0, chunkBytes === 1 ? 5000 : text.length);
    const plain = await lines(new TextEncoder().encode(short));
    expect(await lines(gzipSync(short), chunkBytes)).toEqual(plain);
  });

  test("an empty one, one of a single line", async () => {
    expect(await lines(gzipSync(""))).toEqual([]);
    expect(await lines(gzipSync("one"))).toEqual(["one"]);
  });

  test("is known by its bytes; the ending before .gz says what is in it", async () => {
    const files = memoryFiles({
      "a.tsv.gz": gzipSync("question\tanswer\nq\ta\n"),
      "b.csv": gzipSync('anchor,positive\nq,"a"\n'),
      "c.jsonl.gz": new TextEncoder().encode('{"query": "q", "pos": ["a"]}\n'), // unpacked on the way, as browsers do
    });
    for (const path of ["a.tsv.gz", "b.csv", "c.jsonl.gz"]) {
      for await (const row of readRows(files, path)) expect(row).toEqual({ anchor: "q", positives: ["a"], negatives: [] });
    }
  });

  test("a bad row is named by its line in the text", async () => {
    const files = memoryFiles({ "a.jsonl.gz": gzipSync('{"query": "q", "pos": ["a"]}\n\n{"query": "q", "pos": []}\n') });
    const reading = collected(readRows(files, "a.jsonl.gz"));
    await expect(reading).rejects.toMatchObject({ code: "E_ROW", place: 'a.jsonl.gz:3 "pos"' });
  });

  test.each([
    ["cut off", gzipSync(text).subarray(0, 20_000)],
    ["cut off in its header", gzipSync(text).subarray(0, 5)],
    ["changed", Buffer.concat([gzipSync(text).subarray(0, 20_000), Buffer.alloc(100, 7), gzipSync(text).subarray(20_100)])],
    ["two in a row", Buffer.concat([gzipSync("a\n"), gzipSync("b\n")])],
    ["of another method", Uint8Array.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)],
  ])("%s is a sentence", async (_, content) => {
    await expect(lines(content)).rejects.toMatchObject({
      code: "E_GZIP",
      place: "f",
      sentence: expect.stringMatching(/^f is not one whole gzip file: \S/),
    });
  });

  test("reading ahead is bounded, leaving early closes the file, an error of the disk is itself", async () => {
    const noise = Array.from({ length: 200_000 }, (_, i) => `${Math.imul(i + 1, 0x9e3779b1) >>> 0}\n`).join("");
    const content = gzipSync(noise);
    const { files, seen } = watched({ f: content });
    for await (const line of readLines(files, "f", { chunkBytes: 1000 })) if (line.number === 3) break;
    expect(seen.open).toBe(0);
    expect(seen.furthest).toBeLessThan(content.length / 3);
    const broken = watched({ f: content }, 50_000);
    const reading = collected(readLines(broken.files, "f", { chunkBytes: 1000 }));
    await expect(reading).rejects.toThrow("the disk is gone");
    expect(broken.seen.open).toBe(0);
  });
});
