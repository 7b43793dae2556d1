import { expect, test } from "vitest";
import { memoryFiles } from "./memory-files.ts";
import { readLines } from "./lines.ts";

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const linesOf = async (content: string | Uint8Array, chunkBytes?: number) =>
  (await collected(readLines(memoryFiles({ f: content }), "f", { chunkBytes }))).map(({ text }) => text);

test.each([1, 2, 3, 5, 7, 1000])("characters, line ends and the byte order mark across chunks of %i bytes", async (chunkBytes) => {
  const text = "\uFEFFeins\r\nzwei über 灯塔 😀\n\n\uFEFFvier\r";
  expect(await linesOf(text, chunkBytes)).toEqual(["eins", "zwei über 灯塔 😀", "", "\uFEFFvier"]);
  expect(await linesOf(`${text}\n`, chunkBytes)).toEqual(["eins", "zwei über 灯塔 😀", "", "\uFEFFvier"]);
});

test("lines are numbered from 1, an empty file has none", async () => {
  expect(await linesOf("")).toEqual([]);
  expect(await linesOf("\n")).toEqual([""]);
  const numbers = await collected(readLines(memoryFiles({ f: "a\n\nb" }), "f", { chunkBytes: 2 }));
  expect(numbers).toEqual([
    { number: 1, text: "a" },
    { number: 2, text: "" },
    { number: 3, text: "b" },
  ]);
});

test.each([1, 4, 1000])("a line that is not UTF-8 is undefined, its neighbours are read (chunks of %i bytes)", async (chunkBytes) => {
  const bytes = new TextEncoder().encode("ab\ncd\nef");
  bytes[3] = 0xe4;
  expect(await linesOf(bytes, chunkBytes)).toEqual(["ab", undefined, "ef"]);
});

test("a line much longer than a chunk takes time in proportion to its length", async () => {
  const long = "x".repeat(3_000_000);
  expect(await linesOf(`${long}\nend\n`, 1000)).toEqual([long, "end"]);
});
