import { openSafetensors, writeSafetensors } from "@attune/formats";
import type { SafetensorsFile, TensorToWrite } from "@attune/formats";
import { cls, concatPoolings, mean } from "@attune/pooling";
import type { Pooling } from "@attune/pooling";
import { scale } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { goldenDisk, jsonOn, memoryFiles } from "../test/memory-files.ts";
import type { MemoryFiles } from "../test/memory-files.ts";
import { caseOf, folders, largestDifference, load } from "../test/models.ts";
import { encode } from "./encode.ts";
import { saveEmbeddingModel } from "./load.ts";

const codeOf = (code: string, place?: string) => expect.objectContaining({ code, ...(place && { place: expect.stringContaining(place) }) });

/** The folder's weights with other names, on the same disk. */
async function renamed(files: MemoryFiles, rename: (name: string) => string, extra: readonly string[] = []): Promise<void> {
  const weights = await openSafetensors(files, "m/model.safetensors");
  const tensors: TensorToWrite[] = [];
  for (const name of weights.names) tensors.push({ name: rename(name), ...(await weights.read(name)) } as TensorToWrite);
  for (const name of extra) tensors.push({ name, dtype: "F32", shape: [2], data: new Float32Array(2) });
  await writeSafetensors(files, "m/model.safetensors", tensors);
}

async function bytesOf(file: SafetensorsFile): Promise<Record<string, unknown>> {
  const entries = file.names.map(async (name) => [name, await file.read(name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe.each(folders)("%s", (folder) => {
  it("has the settings of its folder", async () => {
    const { model, source } = await load(goldenDisk(`st/${folder}`));
    const expected = caseOf(folder);
    expect(source.similarity).toBe(expected.similarity_fn_name);
    expect(model.parts.maxLength).toBe(expected.max_seq_length);
    expect(model.parts.prompts).toMatchObject(expected.prompts);
    expect(model.parts.defaultPrompt ?? null).toBe(expected.default_prompt_name);
    expect(model.parts.includePrompt).toBe(folder !== "bert-noprompt-legacy");
  });

  it("saved and loaded again has the same weights, byte for byte, and the same settings and embeddings", async () => {
    const files = goldenDisk(`st/${folder}`);
    const loaded = await load(files);
    await saveEmbeddingModel({ files }, "saved", loaded);
    const again = await load(files, {}, "saved");
    const [before, after] = await Promise.all(["m", "saved"].map((one) => openSafetensors(files, `${one}/model.safetensors`)));
    expect(await bytesOf(after)).toEqual(await bytesOf(before));
    expect(again.source).toMatchObject({
      similarity: loaded.source.similarity,
      prompts: loaded.source.prompts,
      config: loaded.source.config,
    });
    const { texts } = caseOf(folder);
    for (const side of ["query", "document"] as const) {
      expect(await encode(again.model, texts, { side })).toEqual(await encode(loaded.model, texts, { side }));
    }
    const head = "2_Dense/model.safetensors";
    expect(files.contents.has(`saved/${head}`)).toBe(folder.includes("dense"));
    expect(files.contents.get(`saved/${head}`)).toEqual(files.contents.get(`m/${head}`));
  });
});

describe("weights", () => {
  it("may have a task model's prefix, its head, and the names of old layer norms; saved, they have the encoder's", async () => {
    const files = goldenDisk("st/bert-mean-legacy");
    const { texts } = caseOf("bert-mean-legacy");
    const plain = await encode((await load(files)).model, texts);
    const names = [...(await openSafetensors(files, "m/model.safetensors")).names].sort();
    const old = (name: string) => `bert.${name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")}`;
    await renamed(files, old, ["cls.predictions.bias", "cls.seq_relationship.bias"]);
    const loaded = await load(files);
    expect(await encode(loaded.model, texts)).toEqual(plain);
    await saveEmbeddingModel({ files }, "saved", loaded);
    expect([...(await openSafetensors(files, "saved/model.safetensors")).names].sort()).toEqual(names);
  });

  it.each([
    ["F16", (values: Float32Array) => new Uint16Array(new Float16Array(values).buffer), 5e-3],
    ["BF16", (values: Float32Array) => new Uint16Array(values.slice().buffer).filter((_, i) => i % 2 === 1), 5e-2], // the upper halves
    ["F64", (values: Float32Array) => Float64Array.from(values), 0],
  ] as const)("in %s are read, the Dense head's too", async (dtype, convert, tolerance) => {
    const files = goldenDisk("st/bert-dense-new");
    const { texts } = caseOf("bert-dense-new");
    const plain = await encode((await load(files)).model, texts);
    for (const path of ["m/model.safetensors", "m/2_Dense/model.safetensors"]) {
      const weights = await openSafetensors(files, path);
      const read = weights.names.map(async (name) => ({
        name,
        dtype,
        shape: weights.info(name).shape,
        data: convert(await weights.readF32(name)),
      }));
      await writeSafetensors(files, path, (await Promise.all(read)) as TensorToWrite[]);
    }
    expect(largestDifference(await encode((await load(files)).model, texts), plain)).toBeLessThanOrEqual(tolerance);
  });

  it("are refused when one is missing, is left over, or does not fit", async () => {
    const missing = goldenDisk("st/bert-mean-legacy");
    await renamed(missing, (name) => name.replace("layer.0.output.dense.weight", "layer.0.output.dense.wait"));
    await expect(load(missing)).rejects.toThrow(/E_WEIGHTS.*lacks the tensor "encoder\.layer\.0\.output\.dense\.weight"/);
    const more = goldenDisk("st/bert-mean-legacy");
    await renamed(more, (name) => name, ["encoder.layer.9.scale"]);
    await expect(load(more)).rejects.toEqual(codeOf("E_WEIGHTS"));
    const files = goldenDisk("st/bert-mean-legacy");
    const config = { ...jsonOn(files, "m/config.json"), intermediate_size: 65 };
    await expect(load(goldenDisk("st/bert-mean-legacy", { "config.json": config }))).rejects.toEqual(
      codeOf("E_WEIGHTS", "intermediate.dense"),
    );
  });
});

describe("a pooling that is none of the four", () => {
  /** The mean, turned around. */
  const other = (name: string): Pooling => ({ name, pool: (hidden, tokens, options) => scale(mean.pool(hidden, tokens, options), -1) });
  const disk = goldenDisk("st/bert-mean-legacy");
  const pooling = jsonOn(disk, "m/1_Pooling/config.json");
  const weighted = { ...pooling, pooling_mode_mean_tokens: false, pooling_mode_weightedmean_tokens: true };
  const texts = ["red sun"];

  it("is asked for by the name that the folder has for it, and saved under that name", async () => {
    const files = goldenDisk("st/bert-mean-legacy", { "1_Pooling/config.json": weighted });
    const poolingNamed = async (name: string) => (name === "weightedmean" ? other(name) : undefined);
    const loaded = await load(files, { poolingNamed });
    expect(loaded.model.parts.pooling.name).toBe("weightedmean");
    await saveEmbeddingModel({ files }, "saved", loaded);
    expect(jsonOn(files, "saved/1_Pooling/config.json")).toMatchObject({ pooling_mode_weightedmean_tokens: true });
    const again = await load(files, { poolingNamed }, "saved");
    expect(await encode(again.model, texts)).toEqual(await encode(loaded.model, texts));
  });

  it("takes the place of the folder's, and is saved only where other tools know it", async () => {
    const [own, turned, first] = await Promise.all([load(disk), load(disk, { pooling: other("turned") }), load(disk, { pooling: cls })]);
    expect(await encode(turned.model, texts)).toEqual((await encode(own.model, texts)).map((value) => -value));
    await expect(saveEmbeddingModel({ files: disk }, "saved", turned)).rejects.toMatchObject({
      code: "E_MODEL_FOLDER",
      sentence: 'saved cannot hold a model with the pooling "turned", which sentence-transformers does not know',
    });
    await saveEmbeddingModel({ files: disk }, "saved", first);
    expect(jsonOn(disk, "saved/1_Pooling/config.json")).toMatchObject({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false });
  });

  it("must give a vector of the encoder's width per text", async () => {
    const wide: Pooling = { name: "wide", pool: (hidden, tokens) => concatPoolings([cls, mean]).pool(hidden, tokens) };
    const { model } = await load(disk, { pooling: wide });
    await expect(encode(model, texts)).rejects.toThrow(/E_WIDTH pooling wide expected \[1 32\], a vector per text, got \[1 64\]/);
  });
});

describe("refused", () => {
  const files = goldenDisk("st/bert-mean-legacy");
  const config = jsonOn(files, "m/config.json");
  const pooling = jsonOn(files, "m/1_Pooling/config.json");

  it.each([
    {
      what: "an unknown architecture",
      file: "config.json",
      content: { ...config, model_type: "t5" },
      code: "E_MODEL_TYPE",
      place: "m/config.json model_type",
    },
    {
      what: "a config that does not fit",
      file: "config.json",
      content: { ...config, num_attention_heads: 5 },
      code: "E_CONFIG",
      place: "m/config.json hidden_size",
    },
    {
      what: "a pooling that is not there",
      file: "1_Pooling/config.json",
      content: { ...pooling, pooling_mode_mean_tokens: false, pooling_mode_weightedmean_tokens: true },
      code: "E_MODEL_FOLDER",
      place: "pooling",
    },
    {
      what: "a folder without pooling",
      file: "modules.json",
      content: [{ idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" }],
      code: "E_MODEL_FOLDER",
      place: "m",
    },
    { what: "no tokenizer", file: "tokenizer.json", content: null, code: "E_NO_FILE", place: "m" },
  ])("$what", async ({ file, content, code, place }) => {
    const disk = goldenDisk("st/bert-mean-legacy", { [file]: content, ...(content === null && { "vocab.txt": null }) });
    await expect(load(disk)).rejects.toEqual(codeOf(code, place));
  });

  it("and then nothing stays in memory", async () => {
    const { model } = await load(files);
    const { engine } = model;
    model[Symbol.dispose]();
    expect(engine.backend.counters.bytesLive).toBe(0);
    const broken = goldenDisk("st/bert-dense-legacy", { "tokenizer.json": null, "vocab.txt": null });
    await expect(load(broken, { engine })).rejects.toEqual(codeOf("E_NO_FILE"));
    expect(engine.backend.counters.bytesLive).toBe(0);
    const whole = goldenDisk("st/bert-dense-legacy"); // a head of numbers that no head has
    const head = "m/2_Dense/model.safetensors";
    const { names, info } = await openSafetensors(whole, head);
    const integers = names.map((name) => {
      const { shape } = info(name);
      return { name, dtype: "I64", shape, data: new BigInt64Array(shape.reduce((size, axis) => size * axis, 1)) } as const;
    });
    await writeSafetensors(whole, head, integers);
    await expect(load(whole, { engine })).rejects.toEqual(codeOf("E_SAFETENSORS_DTYPE", head));
    expect(engine.backend.counters.bytesLive).toBe(0);
  });

  it("a folder that does not exist", async () => {
    await expect(load(memoryFiles())).rejects.toEqual(codeOf("E_MODEL_FOLDER"));
  });
});

it("saved over the folder that it came from, time and again, it keeps what its encoder does not use", async () => {
  const files = goldenDisk("st/bert-mean-new");
  const read = async () => (await openSafetensors(files, "m/model.safetensors")).readF32("pooler.dense.weight");
  const before = await read();
  await renamed(files, (name) => `bert.${name}`); // so that tensors lie elsewhere once it was saved
  const loaded = await load(files);
  for (let i = 0; i < 2; i++) {
    await saveEmbeddingModel({ files }, "m", loaded);
    expect(await read()).toEqual(before);
  }
});

it("a plain Hugging Face folder becomes mean pooling over the encoder", async () => {
  const { model, source } = await load(goldenDisk("models/bert"));
  expect(model).toMatchObject({ dimension: 32, parts: { maxLength: 40, heads: [] } });
  expect(source.modules.map(({ type }) => type)).toEqual(["transformer", "pooling"]);
  expect(source.similarity).toBe("cosine");
});
