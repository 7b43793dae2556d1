import { describe, expect, it } from "vitest";
import { createRandom, hash32, keyOf, philox } from "./index.ts";
import type { Words4 } from "./index.ts";

const hex = (words: Words4): string => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  // the known answers that the authors publish with Random123
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as [Words4, [number, number], string][])("of %j with key %j", (counter, key, expected) => {
    expect(hex(philox(counter, key))).toBe(expected);
  });

  it("takes seeds beyond 32 bits", () => {
    expect(keyOf(2 ** 40 + 7)).toEqual([7, 256]);
  });
});

describe("createRandom", () => {
  it("gives the same stream for the same seed and site, another for another", () => {
    const draw = (seed: number, site: string): number[] => {
      const random = createRandom(seed, site);
      return Array.from({ length: 8 }, () => random.word());
    };
    expect(draw(1, "a")).toEqual(draw(1, "a"));
    expect(draw(1, "a")).not.toEqual(draw(1, "b"));
    expect(draw(1, "a")).not.toEqual(draw(2, "a"));
  });

  it("has the moments of its distributions", () => {
    const random = createRandom(3, "moments");
    const draws = 20_000;
    const mean = (draw: () => number): number => Array.from({ length: draws }, draw).reduce((sum, x) => sum + x, 0) / draws;
    const error = 5 / Math.sqrt(draws); // five standard errors of a variable of variance 1
    expect(Math.abs(mean(() => random.uniform()) - 0.5)).toBeLessThan(error * Math.sqrt(1 / 12));
    expect(Math.abs(mean(() => random.normal()))).toBeLessThan(error);
    expect(Math.abs(mean(() => random.normal() ** 2) - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(mean(() => random.below(7)) - 3)).toBeLessThan(error * 2);
  });

  it("shuffles to a permutation, the same each time", () => {
    const list = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = createRandom(1, "s").shuffle([...list]);
    expect(shuffled).not.toEqual(list);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(list);
    expect(createRandom(1, "s").shuffle([...list])).toEqual(shuffled);
  });
});

describe("hash32", () => {
  it("is FNV-1a over UTF-16 bytes", () => {
    expect(hash32("")).toBe(0x811c9dc5);
    expect(hash32("encoder.layer.0")).not.toBe(hash32("encoder.layer.1"));
  });
});
