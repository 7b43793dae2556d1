import { afterEach, expect, test, vi } from "vitest";
import { WideMap, WideSet } from "./wide-map.ts";

afterEach(() => vi.unstubAllGlobals());

/** As many entries as one of JavaScript's takes here. */
const MOST = 1000;

/** Stands in for the limit of 2^24, which a test has no time to reach. */
function limitMaps(): void {
  const full = (size: number): void => {
    if (size > MOST) throw new RangeError("Map maximum size exceeded");
  };
  class LimitedMap extends Map<unknown, unknown> {
    override set(key: unknown, value: unknown): this {
      super.set(key, value);
      full(this.size);
      return this;
    }
  }
  class LimitedSet extends Set<unknown> {
    override add(value: unknown): this {
      super.add(value);
      full(this.size);
      return this;
    }
  }
  vi.stubGlobal("Map", LimitedMap);
  vi.stubGlobal("Set", LimitedSet);
}

const count = 20 * MOST;

test("a map takes more entries than one of JavaScript's", () => {
  limitMaps();
  const map = new WideMap<number, string>();
  const keyOf = (i: number): number => i * 2 ** 17;
  for (let i = 0; i < count; i++) map.set(keyOf(i), `${i}`);
  map.set(keyOf(7), "seven");
  expect([map.size, map.get(keyOf(7)), map.get(keyOf(count - 1)), map.has(keyOf(count)), map.get(keyOf(count))]).toEqual([
    count,
    "seven",
    `${count - 1}`,
    false,
    undefined,
  ]);
  expect([map.delete(keyOf(7)), map.delete(keyOf(7)), map.size, map.has(keyOf(7))]).toEqual([true, false, count - 1, false]);
  const texts = new WideMap<string, number>();
  for (let key = 0; key < count; key++) texts.set(String.fromCharCode(key, key >> 3), key);
  expect([texts.size, texts.get(String.fromCharCode(500, 62))]).toEqual([count, 500]);
});

test("a set takes more ids than one of JavaScript's", () => {
  limitMaps();
  const ids = Array.from({ length: count }, (_, i) => 0xffff_fffe - i * 2 ** 17);
  const set = new WideSet([...ids, ids[0]]);
  expect([set.size, set.has(ids[3]), set.has(5)]).toEqual([count, true, false]);
  expect([set.delete(ids[3]), set.delete(ids[3]), set.has(ids[3])]).toEqual([true, false, false]);
  set.add(ids[3]);
  expect([...set].sort((a, b) => b - a)).toEqual(ids);
});
