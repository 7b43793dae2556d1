// What BERT's stages make of characters whose category changed or came after Unicode 8: words as tokenizers 0.22.2 gives them.

import { expect, test } from "vitest";
import { createNormalizer } from "./normalizer.ts";
import { createPreTokenizer } from "./pre-tokenizer.ts";

const normalize = createNormalizer({ type: "BertNormalizer" })!;
const words = createPreTokenizer({ type: "BertPreTokenizer" });

test.each([
  ["punctuation that is younger stays in its word", "a\u061Db c\u2E43d.", ["a\u061Db", "c\u2E43d", "."]],
  ["what was punctuation still is", "a\u166Db \u{111C9}c", ["a", "\u166D", "b", "\u{111C9}", "c"]],
  ["punctuation of old is a word beside them", "x-\u2E52-y", ["x", "-", "\u2E52", "-", "y"]],
  ["marks that are younger are kept", "a\u0898b", ["a\u0898b"]],
  ["what was a mark still is", "a\u1734b\u{1171E}c", ["abc"]],
  ["formats that are younger are kept", "a\u08E2b\u200Bc", ["a\u08E2bc"]],
])("%s", (_, text, expected) => {
  expect(words(normalize(text), true)).toEqual(expected);
});
