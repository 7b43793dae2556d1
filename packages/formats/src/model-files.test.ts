import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { disk } from "../test/golden-disk.ts";
import { modelFiles } from "./model-files.ts";

const read = (name: string, changes?: Parameters<typeof disk>[1]) => modelFiles(disk(name, changes), "m");

const dense = [
  "1_Pooling/config.json",
  "2_Dense/config.json",
  "2_Dense/model.safetensors",
  "config.json",
  "config_sentence_transformers.json",
  "model.safetensors",
  "modules.json",
  "sentence_bert_config.json",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "vocab.txt",
];

test("of a folder and its modules, in one order", async () => {
  expect(await read("bert-dense-legacy")).toEqual(dense);
  expect(await read("cross-encoder-new")).toEqual(dense.filter((path) => !path.includes("_Pooling") && !path.includes("_Dense")));
});

test("what is not read with the model is no part of it", async () => {
  const beside = {
    "results.json": {},
    "data_config.json": {},
    "notes.txt": "mine",
    "README.md": "card",
    "chat_template.jinja": "{{ messages }}",
    "training.safetensors": "x",
    "pytorch_model.bin": "x",
    "model.safetensors.index.json": { weight_map: { w: "model-00001-of-00001.safetensors" } },
    "3_Old/config.json": {},
    "checkpoint-10/config.json": {},
    "2_Dense/results.json": {},
    "2_Dense/pytorch_model.bin": "x",
  };
  expect(await read("bert-dense-legacy", beside)).toEqual(dense);
});

test("every vocabulary and settings file, however old", async () => {
  const more = ["added_tokens.json", "merges.txt", "sentence_roberta_config.json", "sentencepiece.bpe.model", "vocab.json"];
  const found = await read("bert-dense-legacy", Object.fromEntries(more.map((name) => [name, "{}"])));
  expect(found).toEqual([...dense, ...more].sort());
});

describe("weights", () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const others = dense.filter((path) => path !== "model.safetensors");

  test("a pickle where there are no safetensors", async () => {
    const found = await read("bert-dense-legacy", { "model.safetensors": null, "pytorch_model.bin": "x" });
    expect(found).toEqual([...others, "pytorch_model.bin"].sort());
  });

  test("an index and its shards, not those of another download", async () => {
    const index = { weight_map: { a: shards[1], b: shards[0], c: shards[1] } };
    const files = { [shards[0]]: "x", [shards[1]]: "x", "model-00003-of-00003.safetensors": "x" };
    const found = await read("bert-dense-legacy", { "model.safetensors": null, "model.safetensors.index.json": index, ...files });
    expect(found).toEqual([...others, "model.safetensors.index.json", ...shards].sort());
  });

  test("none, and an index that says nothing", async () => {
    expect(await read("bert-dense-legacy", { "model.safetensors": null })).toEqual(others);
    const { code } = await failure(read("bert-dense-legacy", { "model.safetensors": null, "model.safetensors.index.json": {} }));
    expect(code).toBe("E_SAFETENSORS_INDEX");
  });
});

test("modules lie where modules.json says, those without a folder nowhere", async () => {
  const type = (name: string): string => `sentence_transformers.models.${name}`;
  const modules = [
    { path: "", type: type("Transformer") },
    { path: "pooling", type: type("Pooling") },
    { path: "2_Normalize", type: type("Normalize") },
  ];
  const found = await read("bert-mean-legacy", { "modules.json": modules, "pooling/config.json": {} });
  expect(found).toContain("pooling/config.json");
  expect(found).not.toContain("1_Pooling/config.json");
});
