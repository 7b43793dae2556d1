import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { disk, goldenFolders, read } from "../test/golden-disk.ts";
import type { MemoryFiles } from "../test/memory-files.ts";
import type { ModelFolder } from "./model-folder.ts";
import { poolingFlags } from "./read-modules.ts";
import { readSentenceTransformers } from "./read-sentence-transformers.ts";
import { tensorsOf } from "./write-safetensors.ts";
import { writeSentenceTransformers, type ModelToWrite } from "./write-sentence-transformers.ts";

/** What a read model is written from. */
const toWrite = (model: ModelFolder): ModelToWrite => ({
  ...model,
  base: model.transformerFolder,
  weights: tensorsOf(model.weights),
  modules: model.modules.map((module) => (module.type === "dense" ? { ...module, weights: tensorsOf(module.weights) } : module)),
});

/** Byte for byte, except that a Dense config is written over several lines and that there is a README. */
function expectSameFiles(files: MemoryFiles): void {
  const inside = (folder: string) => [...files.contents.keys()].filter((path) => path.startsWith(folder) && !path.endsWith("/"));
  const names = inside("m/").map((path) => path.slice(2));
  expect(
    inside("out/model/")
      .map((path) => path.slice(10))
      .sort(),
  ).toEqual([...names, "README.md"].sort());
  const text = (path: string): string => new TextDecoder("latin1").decode(files.contents.get(path));
  const parsed = names.filter((path) => /Dense\/config|config_sentence/.test(path));
  for (const path of parsed) expect(JSON.parse(text(`out/model/${path}`))).toEqual(JSON.parse(text(`m/${path}`)));
  expect(names.filter((path) => text(`out/model/${path}`) !== text(`m/${path}`) && !parsed.includes(path))).toEqual([]);
}

describe("writing", () => {
  test.each(goldenFolders)("%s read, written and read again means the same", async (name) => {
    const files = disk(name);
    const model = await readSentenceTransformers(files, "m");
    await writeSentenceTransformers(files, "out/model", toWrite(model));
    const { folder: _from, transformerFolder: _at, weights, ...rest } = model;
    const again = await readSentenceTransformers(files, "out/model");
    expect(JSON.stringify(again)).toBe(JSON.stringify({ ...again, ...rest, modules: again.modules }));
    expect(again.modules.map((one) => ({ ...one, weights: 0 }))).toEqual(model.modules.map((one) => ({ ...one, weights: 0 })));
    for (const tensor of weights.names) expect(await again.weights.readF32(tensor)).toEqual(await weights.readF32(tensor));
  });

  test.each(goldenFolders.filter((name) => name.endsWith("legacy")))("%s read and written: the same files", async (name) => {
    const files = disk(name);
    await writeSentenceTransformers(files, "out/model", toWrite(await readSentenceTransformers(files, "m")));
    expectSameFiles(files);
  });

  test.each([
    { modes: ["cls", "mean"], keys: Object.values(poolingFlags) },
    { modes: ["mean", "cls"], keys: ["pooling_mode"] },
    { modes: ["mean", "mean"], keys: ["pooling_mode"] },
  ] as const)("pooling modes $modes keep their order, in flags where those can say it", async ({ modes, keys }) => {
    const files = disk("bert-multi-legacy");
    const [transformer] = (await readSentenceTransformers(files, "m")).modules;
    const modules = [transformer, { type: "pooling", modes, includePrompt: false, dimension: 32 }] as const;
    await writeSentenceTransformers(files, "out", { ...toWrite(await readSentenceTransformers(files, "m")), modules: modules as never });
    expect((await readSentenceTransformers(files, "out")).modules).toEqual(modules);
    const written = Object.keys(JSON.parse(await files.readText("out/1_Pooling/config.json")) as object);
    expect(written.filter((key) => key.startsWith("pooling_mode")).sort()).toEqual([...keys].sort());
    expect(written).toContain(keys.length === 1 ? "embedding_dimension" : "word_embedding_dimension");
  });

  test("shards", async () => {
    const files = disk("bert-mean-legacy");
    const model = await readSentenceTransformers(files, "m");
    await writeSentenceTransformers(files, "out", { ...toWrite(model), maxShardBytes: 50_000 });
    expect(await files.list("out")).toContain("model.safetensors.index.json");
    const again = await readSentenceTransformers(files, "out");
    expect(again.weights.names.toSorted()).toEqual(model.weights.names.toSorted());
    await writeSentenceTransformers(files, "out", toWrite(model));
    expect((await files.list("out")).filter((name) => name.startsWith("model"))).toEqual(["model.safetensors"]);
  });

  test("config.json says the type of the weights that are written", async () => {
    const config = '{"a": 0.0, "torch_dtype": "float16", "bnb_4bit_compute_dtype": "float16", "dtype": "bfloat16", "hidden_size": 32}';
    const files = disk("bert-mean-legacy", { "config.json": config });
    await writeSentenceTransformers(files, "out", toWrite(await readSentenceTransformers(files, "m")));
    const written = config.replace('torch_dtype": "float16', 'torch_dtype": "float32').replace('"bfloat16"', '"float32"');
    expect(await files.readText("out/config.json")).toBe(written);
  });

  test("a config of its own, and the card", async () => {
    const files = disk("bert-dense-legacy", { "config.json": null });
    const model = toWrite(await read("bert-dense-legacy"));
    const card = {
      title: "Support desk",
      baseModel: "org/base",
      training: { loss: "a|b", epochs: 2 },
      metrics: [{ name: "nDCG@10", before: 0.5, after: 0.75 }],
    };
    await writeSentenceTransformers(files, "out", {
      ...model,
      newConfig: { model_type: "bert", hidden_size: 32 },
      card,
      truncateDimension: 8,
    });
    expect(JSON.parse(await files.readText("out/config.json"))).toEqual({ model_type: "bert", hidden_size: 32 });
    expect((await readSentenceTransformers(files, "out")).truncateDimension).toBe(8);
    const text = await files.readText("out/README.md");
    expect(text).toMatch(/^---\n[^]*base_model: "org\/base"\n[^]*\n---\n\n# Support desk\n\nMaps texts to vectors of 8 values/);
    expect(text).toContain("| loss | a\\|b |\n| epochs | 2 |");
    expect(text).toContain("| nDCG@10 | 0.5000 | 0.7500 |");
  });

  test("a tokenizer of before is not read with the new one", async () => {
    const files = disk("bert-mean-legacy");
    const stale = ["added_tokens.json", "special_tokens_map.json", "merges.txt", "2_Dense/config.json", "chat_template.jinja"];
    const own = ["notes.md", "data/train.jsonl", "pytorch_model.bin.txt"];
    for (const path of [...stale, ...own]) await files.write(`out/${path}`, "{}");
    await writeSentenceTransformers(files, "out", toWrite(await readSentenceTransformers(files, "m")));
    for (const path of stale) expect(await files.status(`out/${path}`)).toEqual(await files.status(`m/${path}`));
    for (const path of own) expect(await files.readText(`out/${path}`)).toBe("{}");
  });

  test("an existing folder keeps its other files and loses the old weights", async () => {
    const files = disk("bert-mean-legacy");
    const model = toWrite(await readSentenceTransformers(files, "m"));
    const others = { "out/checkpoint-5/optimizer.safetensors": "x", "out/attune.json": "{}" };
    const old = { "out/config.json": "old", "out/model-00001-of-00002.safetensors": "old", "out/1_Pooling/old.json": "old" };
    for (const [path, text] of Object.entries({ ...others, ...old })) await files.write(path, text);
    await writeSentenceTransformers(files, "out", model);
    for (const path of Object.keys(others)) expect(await files.status(path)).toBeDefined();
    expect(await files.status("out/model-00001-of-00002.safetensors")).toBeUndefined();
    expect(await files.list("out/1_Pooling")).toEqual(["config.json"]);
    expect((await readSentenceTransformers(files, "out")).modules).toHaveLength(3);
    expect((await files.list("out")).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  test.each([0, 100, 20_000, 150_000, 165_000])("a disk that is full after %d bytes leaves everything as it was", async (room) => {
    const files = disk("bert-dense-legacy", {});
    await files.write("out/config.json", "old");
    const model = toWrite(await readSentenceTransformers(files, "m"));
    const before = [...files.contents.keys()];
    files.room = room;
    expect((await failure(writeSentenceTransformers(files, "out", model))).code).toBe("E_FILE");
    expect((await failure(writeSentenceTransformers(files, "fresh", model))).code).toBe("E_FILE");
    expect([...files.contents.keys()]).toEqual(before);
  });

  test("what cannot be written is a sentence, and nothing is left", async () => {
    const files = disk("bert-multi-legacy");
    const model = toWrite(await readSentenceTransformers(files, "m"));
    const [transformer, pooling] = model.modules;
    await files.makeFolder("empty");
    const wrong: [Partial<ModelToWrite>, RegExp][] = [
      [{ modules: [] }, /must be the transformer/],
      [{ modules: [pooling, transformer] }, /must be the transformer/],
      [{ modules: [transformer, { type: "pooling", modes: [], includePrompt: true, dimension: 32 }] }, /pooling modes of an empty list/],
      [{ base: "nowhere" }, /nowhere does not exist any more/],
      [{ base: "empty" }, /empty has no config\.json/],
      [{ base: "nowhere", newConfig: {} }, /nowhere has no tokenizer files/],
    ];
    for (const [change, sentence] of wrong) {
      const error = await failure(writeSentenceTransformers(files, "out", { ...model, ...change }));
      expect(error.code).toBe("E_MODEL_FOLDER");
      expect(error.sentence).toMatch(sentence);
      expect(await files.status("out")).toBeUndefined();
    }
    expect((await failure(writeSentenceTransformers(files, "m/config.json", model))).sentence).toMatch(/is a file/);
  });
});
