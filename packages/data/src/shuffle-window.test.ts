import { expect, test } from "vitest";
import { memoryFiles } from "./memory-files.ts";
import { readRows } from "./read-rows.ts";
import { shuffleWindow } from "./shuffle-window.ts";

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const numbers = Array.from({ length: 200 }, (_, i) => i);
const shuffled = (size: number, seed = 1, epoch = 0) => collected(shuffleWindow(numbers, size, seed, epoch));

test.each([1, 2, 7, 50, 200, 1000])("a window of %i: everything once, nothing before the window reaches it", async (size) => {
  const order = await shuffled(size);
  expect(order.toSorted((a, b) => a - b)).toEqual(numbers);
  for (const [position, item] of order.entries()) expect(item).toBeLessThan(position + size);
  expect(await shuffled(size)).toEqual(order);
  if (size === 1) expect(order).toEqual(numbers);
  else for (const other of [await shuffled(size, 2), await shuffled(size, 1, 1)]) expect(other).not.toEqual(order);
});

test("a window as large as the data is a uniform shuffle: every item is first sometime, about equally often", async () => {
  const first = new Map<number, number>();
  for (let seed = 0; seed < 4000; seed++) {
    const [item] = await collected(shuffleWindow([0, 1, 2, 3], 4, seed));
    first.set(item, (first.get(item) ?? 0) + 1);
  }
  for (const item of [0, 1, 2, 3]) expect(Math.abs(first.get(item)! - 1000)).toBeLessThan(120); // more than four deviations
});

test("rows stream through: no more of the file is taken than the window holds", async () => {
  const content = numbers.map((i) => JSON.stringify({ anchor: `a${i}`, positive: "p" })).join("\n");
  let taken = 0;
  async function* counted() {
    for await (const row of readRows(memoryFiles({ "a.jsonl": content }), "a.jsonl")) {
      taken++;
      yield row;
    }
  }
  for await (const row of shuffleWindow(counted(), 10, 1)) {
    expect(row.anchor).toMatch(/^a\d$/);
    break;
  }
  expect(taken).toBe(11);
});

test.each([0, -1, 1.5, NaN])("a window of %f is E_OPTION", async (size) => {
  await expect(shuffled(size)).rejects.toMatchObject({ code: "E_OPTION", got: String(size) });
});
