import { beforeAll, describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { inProcessWorkers } from "../test/in-process-workers.ts";
import { createBatcher } from "./batcher.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { packTexts, type TokenBatch } from "./pack.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { handle } from "./worker.ts";

const batches = [["a", "b c"], [["what is", "the capital"] as const], ["x y z"]];
let tokenizer: Tokenizer;

test("the worker refuses work before it has a tokenizer", async () => {
  await expect(handle({ type: "pack", texts: ["a"], options: { maxLength: 8 } })).rejects.toThrow("before it had a tokenizer");
});

beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), golden("models/bert")!)));

async function collect(from: AsyncIterable<TokenBatch>): Promise<TokenBatch[]> {
  const all: TokenBatch[] = [];
  for await (const batch of from) all.push(batch);
  return all;
}

describe.each([
  ["a worker", () => inProcessWorkers()],
  ["workers that are not available", () => ({ ...inProcessWorkers(), available: false })],
  ["no workers", () => undefined],
])("with %s", (name, workersOf) => {
  const options = () => ({ tokenizer, workers: workersOf(), maxLength: 8, prompt: "the " });

  test("gives what packTexts gives, in order", async () => {
    await using batcher = createBatcher(options());
    expect(batcher.threaded).toBe(name === "a worker");
    const expected = batches.map((texts) => packTexts(tokenizer, texts, { maxLength: 8, prompt: "the " }));
    expect(await collect(batcher.packAhead(batches))).toEqual(expected);
    expect(await batcher.pack(batches[0])).toEqual(expected[0]);
  });

  test("starts one batch before it is asked for, and no more", async () => {
    let pulled = 0;
    const source = (function* () {
      for (const texts of [...batches, ...batches]) {
        pulled++;
        yield texts;
      }
    })();
    await using batcher = createBatcher(options());
    let used = 0;
    for await (const batch of batcher.packAhead(source)) {
      expect(batch.ids.length).toBeGreaterThan(0);
      used++;
      expect(pulled).toBe(Math.min(6, used + 1));
      if (used === 4) break;
    }
    expect(source.next().done).toBe(true);
  });

  test("a bad text is the same error, in its batch's place", async () => {
    await using batcher = createBatcher(options());
    const ahead = batcher.packAhead([["fine"], ["fine", 7 as unknown as string], ["fine"]]);
    expect((await ahead.next()).value?.cuSeqlens).toHaveLength(2);
    await expect(ahead.next()).rejects.toMatchObject({ code: "E_TEXT", place: "text 1" });
    // The batcher itself goes on.
    expect((await batcher.pack(["fine"])).cuSeqlens).toHaveLength(2);
  });

  test("an error of the source passes through, behind the batches before it", async () => {
    await using batcher = createBatcher(options());
    const source = async function* () {
      yield ["fine"];
      throw new Error("the rows ended badly");
    };
    const ahead = batcher.packAhead(source());
    expect((await ahead.next()).value?.cuSeqlens).toHaveLength(2);
    await expect(ahead.next()).rejects.toThrow("the rows ended badly");
    await expect(collect(batcher.packAhead(source()))).rejects.toThrow("the rows ended badly");
  });
});

test("one worker for all batches, started with the first and stopped at the end; contents alone are enough", async () => {
  const workers = inProcessWorkers();
  {
    await using batcher = createBatcher({ tokenizer: tokenizer.contents, workers, maxLength: 8 });
    expect(workers.started).toEqual([]);
    await collect(batcher.packAhead(batches));
    await collect(batcher.packAhead(batches));
  }
  expect(workers.started).toEqual([expect.stringMatching(/worker\.ts$/)]);
  expect(workers.stopped).toBe(1);
});

test("a thread that cannot make its tokenizer is an error at the first batch, and is ended", async () => {
  const workers = inProcessWorkers();
  const { contents } = tokenizer;
  const unknown = { ...contents, definition: { ...contents.definition, pre_tokenizer: { type: "Unheard" } } };
  {
    await using batcher = createBatcher({ tokenizer: unknown, workers, maxLength: 8 });
    await expect(batcher.pack(["a"])).rejects.toMatchObject({ code: "E_TOKENIZER" });
  }
  expect([workers.started.length, workers.stopped]).toEqual([1, 1]);
});

test("a thread that cannot start is an error at the first batch", async () => {
  const workers = { available: true, start: () => Promise.reject(new Error("no threads left")) };
  await using batcher = createBatcher({ tokenizer, workers, maxLength: 8 });
  await expect(batcher.pack(["a"])).rejects.toThrow("no threads left");
});
