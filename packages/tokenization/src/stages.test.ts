// Pre-tokenizers and normalisers against the Rust library. fixtures/golden/gen/make_tokenizers.py made the numbers.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import type { Component } from "./contents.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { createNormalizer } from "./normalizer.ts";
import { createPreTokenizer } from "./pre-tokenizer.ts";

interface Golden {
  readonly texts: string[];
  readonly preTokenizers: Record<string, { config: Component; words: string[][] }>;
  readonly normalizers: Record<string, { config: Component; texts: string[] }>;
  readonly bpe: { tokenizer: object; ids: number[][] };
}

const { texts, preTokenizers, normalizers, bpe } = JSON.parse(readFileSync(golden("tokenize-cases/stages.json")!, "utf8")) as Golden;

describe.each(Object.entries(preTokenizers))("%s", (_, { config, words }) => {
  const cut = createPreTokenizer(config);
  test.each(texts.map((text, i) => [text, words[i]] as const))("cuts %j", (text, expected) => {
    // The Rust library drops an empty text before this stage would see it.
    expect(text === "" ? [] : cut(text, true)).toEqual(expected);
  });
});

test.each(Object.entries(normalizers))("%s", (_, { config, texts: expected }) => {
  expect(texts.map(createNormalizer(config)!)).toEqual(expected);
});

test("BPE without an unknown token merges the neighbours of a character that it does not know", async () => {
  const tokenizer = await loadTokenizer(testFiles({ "t/tokenizer.json": JSON.stringify(bpe.tokenizer) }), "t");
  expect(texts.map((text) => tokenizer.encode(text).ids)).toEqual(bpe.ids);
});

test("BPE whose unknown token has no id says so instead of giving none", async () => {
  const model = { type: "BPE", unk_token: "?", vocab: { a: 0 }, merges: [] };
  const tokenizer = await loadTokenizer(testFiles({ "t/tokenizer.json": JSON.stringify({ model }) }), "t");
  expect(tokenizer.encode("a").ids).toEqual([0]);
  expect(() => tokenizer.encode("ab")).toThrow('E_TOKENIZER model "unk_token": "?" is not in the vocabulary');
});

describe("a pre-tokenizer that cannot be had is one sentence", () => {
  test.each<[string, Component, RegExp]>([
    ["an unknown type", { type: "UnicodeScripts" }, /"UnicodeScripts" is not known: BertPreTokenizer, .* are/],
    ["an unknown behaviour", { type: "Split", pattern: { String: "-" }, behavior: "Thrown" }, /"behavior"/],
    ["no behaviour", { type: "Split", pattern: { String: "-" } }, /"behavior"/],
    ["a pattern that is no expression", { type: "Split", pattern: { Regex: "(a" }, behavior: "Isolated" }, /"\(a".* cannot be used here/],
    ["a pattern of another kind", { type: "Split", pattern: "-", behavior: "Isolated" }, /"pattern": expected "String" or "Regex"/],
    ["a pattern that may never end", { type: "Split", pattern: { Regex: "(a+)+" }, behavior: "Isolated" }, /can take forever/],
    ["no length", { type: "FixedLength", length: 0 }, /"length"/],
    ["two characters as one", { type: "CharDelimiterSplit", delimiter: "ab" }, /"delimiter": expected one character/],
  ])("%s", (_, config, said) => {
    const error = (() => {
      try {
        return void createPreTokenizer(config);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: "E_TOKENIZER", place: "pre_tokenizer", message: expect.stringMatching(said) });
  });
});
