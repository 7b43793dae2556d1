import { gzipSync } from "node:zlib";
import type { Files } from "@attune/core";
import { describe, expect, test } from "vitest";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";
import { planStream } from "./plan-stream.ts";
import { readRows } from "./read-rows.ts";
import { stoppableFiles } from "./stoppable-files.ts";

const rows = Array.from({ length: 40_000 }, (_, i) => `${JSON.stringify({ anchor: `a ${i} ${"x".repeat(100)}`, positive: `p ${i}` })}\n`);
const contents = {
  "rows.jsonl": rows.join(""), // six pieces of a megabyte
  "rows.jsonl.gz": gzipSync(rows.join(""), { level: 0 }),
  "beir/corpus.jsonl": rows.map((_, i) => `{"_id": "${i}", "text": "${"x".repeat(100)}"}\n`).join(""),
  "beir/queries.jsonl": '{"_id": "q", "text": "what?"}\n',
  "beir/qrels/train.tsv": "q\t1\t1\n",
};
const reason = new Error("enough");

/** Files that are told to stop when a file is read for the third time, and how often they were read. */
function stopping(): { files: Files; signal: AbortSignal; reads: () => number } {
  const controller = new AbortController();
  const files = memoryFiles(contents);
  let reads = 0;
  const open: Files["open"] = async (path, mode) => {
    const file = await files.open(path, mode);
    return {
      ...file,
      read(offset, length) {
        if (++reads === 3) controller.abort(reason);
        return file.read(offset, length);
      },
    };
  };
  return { files: { ...files, open }, signal: controller.signal, reads: () => reads };
}

describe("a stop is heard while rows are read, not at their end", () => {
  test.each(["rows.jsonl", "rows.jsonl.gz", "beir"])("%s", async (path) => {
    const { files, signal, reads } = stopping();
    await expect(loadRows(files, path, { signal })).rejects.toBe(reason);
    expect(reads()).toBeLessThanOrEqual(4); // gzip reads a piece ahead
  });

  test("where bad rows are left out", async () => {
    const { files, signal } = stopping();
    await expect(loadRows(files, "rows.jsonl", { signal, skipBadRows: true })).rejects.toBe(reason);
  });

  test("where they are counted for streaming, and where they stream", async () => {
    const options = { window: 10, batchSize: 1000, seed: 1 };
    const { files, signal } = stopping();
    await expect(planStream(files, "rows.jsonl", { ...options, signal })).rejects.toBe(reason);
    const { plan } = await planStream(memoryFiles(contents), "rows.jsonl", options);
    expect(plan.steps).toBe(40);
    const stream = stopping();
    const { plan: stopped } = await planStream(stream.files, "rows.jsonl", options);
    const met: number[] = [];
    const meet = async (): Promise<void> => {
      for await (const { cursor } of stopped.from(undefined, stream.signal)) met.push(cursor.batch);
    };
    await expect(meet()).rejects.toBe(reason); // it was told to stop in the first pass, which had no signal
    expect(met).toEqual([]);
  });
});

test("nothing is opened once it was told to stop, and without a stop files are what they are", async () => {
  const files = memoryFiles(contents);
  const still = stoppableFiles(files, new AbortController().signal);
  const [first] = await Array.fromAsync(readRows(still, "rows.jsonl"));
  expect(first.positives).toEqual(["p 0"]);
  expect(await still.readText("beir/qrels/train.tsv")).toBe("q\t1\t1\n");
  await expect(stoppableFiles(files, AbortSignal.abort(reason)).open("rows.jsonl", "read")).rejects.toBe(reason);
});

test("files may be of a class with fields of its own", async () => {
  const memory = memoryFiles(contents);
  class Disk {
    #files = memory;
    status(path: string) {
      return this.#files.status(path);
    }
    open(path: string, mode: "read" | "write" | "update") {
      return this.#files.open(path, mode);
    }
  }
  for (const name of ["read", "readText", "write", "append", "rename", "remove", "list", "makeFolder", "lock"] as const)
    Object.assign(Disk.prototype, { [name]: memory[name] });
  const files = stoppableFiles(Object.freeze(new Disk()) as unknown as Files, new AbortController().signal);
  expect((await loadRows(files, "rows.jsonl")).rows).toHaveLength(40_000);
});
