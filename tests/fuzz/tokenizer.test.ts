// tokenizer.json under arbitrary bytes: loaded, and a text encoded.

import { expect, test } from "vitest";
import { loadTokenizer } from "../../packages/tokenization/src/index.ts";
import { fuzz, json, seed } from "./harness.ts";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content, id) => ({ id, content, special: true, normalized: false }));
const bert = {
  added_tokens: special,
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] } },
  },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, red: 4, "##s": 5 },
  },
};
const bpe = {
  added_tokens: [{ id: 0, content: "<s>", special: true }],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: { type: "RobertaProcessing", sep: ["<s>", 0], cls: ["<s>", 0], trim_offsets: true, add_prefix_space: false },
  model: { type: "BPE", unk_token: "<s>", vocab: { "<s>": 0, r: 1, e: 2, d: 3, re: 4, red: 5 }, merges: ["r e", ["re", "d"]] },
};
const unigram = {
  added_tokens: [],
  normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }] },
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["▁red", -1.5],
      ["▁", -2],
      ["s", -3],
    ],
  },
};

test(`tokenizer.json (seed ${seed})`, async () => {
  const outcomes = await fuzz({
    file: "model/tokenizer.json",
    bases: [bert, bpe, unigram].map((definition) => JSON.stringify(definition)),
    dictionary: [
      ...json,
      '"type":"Sequence",',
      '"type":"Split","pattern":{"Regex":"(a+)+$"},',
      '"type":"Precompiled","precompiled_charsmap":"AAAA",',
      '"vocab":[',
      '"merges":[]',
      '"Lowercase"',
      '"Unigram"',
      '"BPE"',
      '"ByteLevel"',
      "9007199254740993",
    ],
    async read(files) {
      const tokenizer = await loadTokenizer(files, "model");
      tokenizer.encode("Red reds, 😀 rouge\u0000 aaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    },
  });
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["read", "E_TOKENIZER"]));
});
