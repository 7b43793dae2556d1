import { beforeAll, describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

const bert = golden("models/bert")!;
const coded = (code: string) => expect.objectContaining({ code });

describe("a BERT tokenizer", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), bert)));

  test("says what it is", () => {
    expect(tokenizer).toMatchObject({
      name: "bert",
      vocabularySize: 500,
      modelMaxLength: 40,
      usesTypeIds: true,
      clsId: 2,
      sepId: 3,
      padId: 0,
      maskId: 4,
    });
    expect([...tokenizer.specialIds].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test("cuts only when asked to: the model's own length is for the caller to apply", () => {
    const long = "a ".repeat(100);
    expect(tokenizer.encode(long).ids).toHaveLength(102);
    expect(tokenizer.encode(long, { maxLength: tokenizer.modelMaxLength }).ids).toHaveLength(40);
  });

  test("keeps the first special tokens where not even these fit", () => {
    expect(tokenizer.encode("a", { maxLength: 2 }).ids).toEqual([2, 3]);
    expect(tokenizer.encode("a", { maxLength: 1 }).ids).toEqual([2]);
    expect(tokenizer.encode("a", { pair: "b", maxLength: 0 })).toEqual({ ids: [], typeIds: [] });
  });

  test("reads a lone surrogate as the replacement character", () => {
    const { ids } = tokenizer.encode("a \ufffd b");
    expect(tokenizer.encode("a \ud83d b").ids).toEqual(ids);
    expect(tokenizer.encode("a \ude00 b").ids).toEqual(ids);
  });

  test.each([
    ["one long word", "x".repeat(2_000_000), 3],
    ["many words", "all day ".repeat(250_000), 64],
    ["white space", " ".repeat(2_000_000), 2],
    ["Chinese", "字".repeat(500_000), 64],
    ["special tokens", "[MASK]".repeat(200_000), 64],
  ])("takes a huge text: %s", (_, text, length) => {
    const started = performance.now();
    expect(tokenizer.encode(text, { maxLength: 64 }).ids).toHaveLength(length);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test.each([[undefined], [null], [42], [["a"]], [{}]])("refuses %j as a text", (text) => {
    expect(() => tokenizer.encode(text as unknown as string)).toThrow(coded("E_TEXT"));
    expect(() => tokenizer.encode("a", { pair: (text ?? 1) as unknown as string })).toThrow(coded("E_TEXT"));
  });

  test.each([[-1], [1.5], [Number.NaN], [Infinity]])("refuses %d as a length", (maxLength) => {
    expect(() => tokenizer.encode("a", { maxLength })).toThrow(coded("E_OPTION"));
    expect(() => createTokenizer(tokenizer.contents, { maxLength })).toThrow(coded("E_OPTION"));
  });

  test("decodes without special tokens", () => {
    expect(tokenizer.decode(tokenizer.encode("the capital of france.").ids)).toBe("the capital of france.");
    expect(tokenizer.decode([])).toBe("");
  });

  test("can be made again from its contents after a clone, as a worker does", () => {
    const again = createTokenizer(structuredClone(tokenizer.contents), { maxLength: 12 });
    expect(again.modelMaxLength).toBe(12);
    expect(again.encode("What is [MASK]?", { pair: "Größe 中文" })).toEqual(tokenizer.encode("What is [MASK]?", { pair: "Größe 中文" }));
  });
});

describe("other families", () => {
  test("Unigram: huge texts, unknown characters, decoding", async () => {
    const tokenizer = await loadTokenizer(testFiles(), golden("models/xlm-roberta")!);
    expect(tokenizer.encode("the cat ".repeat(100_000), { maxLength: 32 }).ids).toHaveLength(32);
    expect(tokenizer.decode(tokenizer.encode("the capital of France").ids)).toBe("the capital of France");
    expect(tokenizer).toMatchObject({ usesTypeIds: false, clsId: 0, sepId: 2, padId: 1, maskId: 484 });
  });

  test("byte-level BPE decodes every text to itself", async () => {
    const tokenizer = await loadTokenizer(testFiles(), golden("models/qwen3")!);
    for (const text of ["the capital of France", " Größe 中文 😀\n\n x", "a<b"])
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
  });
});

test("tokenizer_config.json overrules the normaliser of a BERT tokenizer", async () => {
  const tokenizer = await loadTokenizer(testFiles({ [`${bert}/tokenizer_config.json`]: '{"do_lower_case": false}' }), bert);
  expect(tokenizer.encode("the", { specialTokens: false }).ids).not.toContain(1);
  expect(tokenizer.encode("THE", { specialTokens: false }).ids).toEqual([1]);
});

test("a final capital sigma becomes σ, as in Rust, and odd white space separates words", async () => {
  const definition = {
    added_tokens: [{ id: 3, content: "<x>", single_word: true, lstrip: true, rstrip: true, special: true }],
    normalizer: { type: "Sequence", normalizers: [{ type: "Strip", strip_left: true, strip_right: true }, { type: "Lowercase" }] },
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", unk_token: "?", vocab: { "?": 0, οσ: 1, "\ufeffa": 2 } },
  };
  const tokenizer = await loadTokenizer(testFiles({ "t/tokenizer.json": JSON.stringify(definition) }), "t");
  expect(tokenizer.encode(" ΟΣ\u0085\ufeffA ").ids).toEqual([1, 2]);
  expect(tokenizer.encode("ος").ids).toEqual([0]);
  // A token that must stand alone, with the white space around it.
  expect(tokenizer.encode("ΟΣ  <x>  ΟΣ").ids).toEqual([1, 3, 1]);
  expect(tokenizer.encode("ΟΣ<x>ΟΣ").ids).toEqual([0]);
  expect(tokenizer.decode([1, 3, 2, 99])).toBe("οσ \ufeffa");
  expect(tokenizer).toMatchObject({ vocabularySize: 4, usesTypeIds: false, modelMaxLength: undefined, clsId: undefined });
});
