import * as poolings from "@attune/pooling";
import { loadTokenizer } from "@attune/tokenization";
import { expect, test } from "vitest";
import { goldenDisk } from "../test/memory-files.ts";
import { load } from "../test/models.ts";
import { encode } from "./encode.ts";
import { withEnds } from "./tokenizer-ends.ts";

const tokenizerOf = (name: string) => loadTokenizer(goldenDisk(`models/${name}`), "m");

test("a token that is there already is not put twice; it can be taken away, whatever the length", async () => {
  const roberta = await tokenizerOf("xlm-roberta"); // <s> … </s>
  const plain = roberta.encode("a b").ids;
  expect(withEnds(roberta, { addBos: true, addEos: true }).encode("a b").ids).toEqual(plain);
  expect(withEnds(roberta, { addBos: false }).encode("a b").ids).toEqual(plain.slice(1));
  const bare = withEnds(roberta, { addBos: false, addEos: false });
  expect(bare.encode("a b").ids).toEqual(roberta.encode("a b", { specialTokens: false }).ids);
  expect(withEnds(roberta, { addEos: false }).encode("a b c d e", { maxLength: 3 }).ids).toHaveLength(3);
  expect(withEnds(bare, { addBos: true, addEos: true }).encode("a b c d e", { maxLength: 4 }).ids).toEqual(
    roberta.encode("a b c d e", { maxLength: 4 }).ids,
  );
});

test("a tokenizer without the token says so, and without wishes it stays what it is", async () => {
  const bert = await tokenizerOf("bert");
  expect(withEnds(bert, {})).toBe(bert);
  expect(() => withEnds(bert, { addBos: true })).toThrow(expect.objectContaining({ code: "E_OPTION", place: "--add-bos" }));
  expect(() => withEnds(bert, { addEos: false })).toThrow(expect.objectContaining({ code: "E_OPTION", place: "--add-eos" }));
});

test("loading with another pooling gives other vectors than the folder's", async () => {
  const files = goldenDisk("st/bert-mean-new");
  const [own, mean, cls] = await Promise.all([
    load(files),
    load(files, { pooling: poolings.mean }),
    load(files, { pooling: poolings.cls }),
  ]);
  const vectors = await Promise.all([own, mean, cls].map(({ model }) => encode(model, ["red sun"])));
  expect(vectors[1]).toEqual(vectors[0]);
  expect(vectors[2]).not.toEqual(vectors[0]);
});

test("progress counts tokens", async () => {
  const { model } = await load(goldenDisk("st/bert-mean-new"));
  const told: number[][] = [];
  await encode(model, ["red sun", "moon"], { batchTokens: 4, onProgress: (...numbers) => void told.push(numbers) });
  expect(told.at(-1)!.slice(0, 2)).toEqual([2, 2]);
  expect(told.at(-1)![2]).toBe(model.tokenize(["red sun", "moon"]).ids.length);
});
