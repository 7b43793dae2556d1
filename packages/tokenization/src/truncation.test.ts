import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { truncate } from "./truncation.ts";

const lengthsOf = (texts: readonly (readonly number[])[]): number[] => texts.map((ids) => ids.length);
const ids = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe("truncate", () => {
  test.each([
    // [first, second, maxLength] -> lengths that stay, by the rules of the Rust library
    [
      [3, 4, 7],
      [3, 4],
    ],
    [
      [2, 9, 7],
      [2, 5],
    ],
    [
      [9, 2, 7],
      [5, 2],
    ],
    [
      [9, 9, 7],
      [3, 4],
    ],
    [
      [9, 8, 7],
      [4, 3],
    ],
    [
      [8, 9, 7],
      [3, 4],
    ],
    [
      [9, 0, 7],
      [7, 0],
    ],
    [
      [1, 1, 1],
      [0, 1],
    ],
    [
      [5, 5, 0],
      [0, 0],
    ],
  ])("longest_first keeps of %j tokens %j", ([first, second, maxLength], kept) => {
    expect(lengthsOf(truncate([ids(first), ids(second)], { maxLength, strategy: "longest_first", direction: "right" }))).toEqual(kept);
  });

  test("only_first and only_second cut their text alone, at the chosen end", () => {
    const pair = [ids(5), ids(4)] as const;
    expect(truncate(pair, { maxLength: 6, strategy: "only_first", direction: "right" })).toEqual([[0, 1], ids(4)]);
    expect(truncate(pair, { maxLength: 6, strategy: "only_second", direction: "left" })).toEqual([ids(5), [3]]);
  });

  test.each([
    [[ids(5), ids(4)], "only_first", 4],
    [[ids(5), ids(4)], "only_second", 5],
    [[ids(5)], "only_second", 3],
  ] as const)("refuses where the text cannot make up for the rest (%#)", (texts, strategy, maxLength) => {
    expect(() => truncate(texts as readonly [number[]], { maxLength, strategy, direction: "right" })).toThrow(
      expect.objectContaining({ code: "E_TRUNCATION" }),
    );
  });
});

describe("encode", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), golden("models/bert")!)));

  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .array(fc.constantFrom("what ", "is", "[SEP]", " ", "café", "中", "\ud800", "## ", "x"), { maxLength: 30 })
      .map((parts) => parts.join("")),
  );

  test("never exceeds the length and never throws", () => {
    const property = fc.property(
      anyText,
      fc.option(anyText, { nil: undefined }),
      fc.nat({ max: 40 }),
      fc.boolean(),
      (text, pair, maxLength, left) => {
        const { ids, typeIds } = tokenizer.encode(text, { pair, maxLength, direction: left ? "left" : "right" });
        expect(ids.length).toBeLessThanOrEqual(maxLength);
        expect(typeIds).toHaveLength(ids.length);
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
      },
    );
    fc.assert(property, { numRuns: 500, seed: 1 });
  });

  test("stopping early gives what cutting the whole gives", () => {
    const property = fc.property(anyText, anyText, fc.nat({ max: 20 }), (text, pair, maxLength) => {
      const plain = (of: string): number[] => tokenizer.encode(of, { specialTokens: false }).ids;
      const whole = truncate([plain(text), plain(pair)], { maxLength, strategy: "longest_first", direction: "right" });
      expect(tokenizer.encode(text, { pair, maxLength, specialTokens: false }).ids).toEqual(whole.flat());
      expect(tokenizer.encode(text, { maxLength, specialTokens: false }).ids).toEqual(plain(text).slice(0, maxLength));
    });
    fc.assert(property, { numRuns: 500, seed: 2 });
  });
});
