import { expect, test } from "vitest";
import { expectPatterns } from "./patterns.ts";

const refusal = (Regex: string): string => {
  try {
    expectPatterns("pre_tokenizer", { type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex } }] });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test.each(["(a+)+$", "(?:a*)*", "((ab)+c?)+", "(a|b+){2,}", "(x+x+)+y", "(?:(a+))*"])("%s is refused", (source) => {
  expect(refusal(source)).toMatch(/^E_TOKENIZER .*repeats a repetition/);
});

test.each([
  " {2,}",
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{Lo}]+(?i:'s|'t|'re)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  String.raw`[(+)]+(a|b)+`,
  String.raw`\(a+\)+`,
  "(a+)?(b{1,3})+",
])("%s is used", (source) => {
  expect(refusal(source)).toBe("");
});

test("a pattern that is neither text nor expression is refused", () => {
  expect(() => expectPatterns("normalizer", { type: "Replace", pattern: { Rgex: "a" } })).toThrow(
    'E_TOKENIZER normalizer "pattern": expected "String" or "Regex"',
  );
});
