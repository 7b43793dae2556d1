import { beforeAll, describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { buffersOf, packTexts } from "./pack.ts";
import type { Tokenizer } from "./tokenizer.ts";

let tokenizer: Tokenizer;
beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), golden("models/bert")!)));

describe("packTexts", () => {
  test("puts the texts one after another", () => {
    const texts = ["a b", "", "what is the capital of France?"];
    const encodings = texts.map((text) => tokenizer.encode(text, { maxLength: 6 }).ids);
    const batch = packTexts(tokenizer, texts, { maxLength: 6 });
    expect([...batch.ids]).toEqual(encodings.flat());
    expect([...batch.cuSeqlens]).toEqual([0, 4, 6, 12]);
    expect(batch.maxLength).toBe(6);
    expect(batch.typeIds).toEqual(new Int32Array(12));
    expect(batch.promptLengths).toBeUndefined();
    expect(buffersOf(batch)).toHaveLength(3);
  });

  test("packs pairs with their types", () => {
    const batch = packTexts(tokenizer, [["a", "b c"], "d"], { maxLength: 16 });
    expect([...batch.cuSeqlens]).toEqual([0, 6, 9]);
    expect([...batch.typeIds!]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0]);
  });

  test("leaves types out where the tokenizer makes none", async () => {
    const roberta = await loadTokenizer(testFiles(), golden("models/xlm-roberta")!);
    expect(packTexts(roberta, [["a", "b"]], { maxLength: 16 })).not.toHaveProperty("typeIds");
  });

  test("counts the prompt with its leading special token, never more than the text", () => {
    const { ids } = tokenizer.encode("query: ");
    const batch = packTexts(tokenizer, ["a b", "x".repeat(200), ""], { maxLength: 16, prompt: "query: " });
    expect([...batch.ids.subarray(0, ids.length - 1)]).toEqual(ids.slice(0, -1));
    expect([...batch.promptLengths!]).toEqual(Array(3).fill(ids.length - 1));
    const cut = packTexts(tokenizer, ["a b"], { maxLength: 3, prompt: "query: " });
    expect([...cut.promptLengths!]).toEqual([2]);
    expect(packTexts(tokenizer, ["a"], { maxLength: 3, prompt: "" }).promptLengths).toBeUndefined();
  });

  test("counts a prompt whose tokenizer closes with nothing in full", async () => {
    const qwen = await loadTokenizer(testFiles({}), golden("models/qwen3")!);
    const plain = qwen.encode("query: ", { specialTokens: false }).ids.length;
    expect([...packTexts(qwen, ["a b"], { maxLength: 32, prompt: "query: " }).promptLengths!]).toEqual([plain]);
  });

  test("an empty batch is a batch", () => {
    expect(packTexts(tokenizer, [], { maxLength: 8 })).toMatchObject({ maxLength: 0, cuSeqlens: new Int32Array([0]) });
  });

  test.each([[5], [null], [["a"]], [["a", "b", "c"]], [["a", 1]]])("names the text that is %j", (bad) => {
    expect(() => packTexts(tokenizer, ["fine", bad as unknown as string], { maxLength: 8 })).toThrow(
      expect.objectContaining({ code: "E_TEXT", place: "text 1" }),
    );
  });
});
