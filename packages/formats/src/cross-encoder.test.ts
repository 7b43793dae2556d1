import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { disk } from "../test/golden-disk.ts";
import { modelKind } from "./model-kind.ts";
import { readCrossEncoder } from "./read-cross-encoder.ts";
import { readSentenceTransformers } from "./read-sentence-transformers.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { writeCrossEncoder } from "./write-cross-encoder.ts";
import { tensorsOf } from "./write-safetensors.ts";

const jsonOf = (files: ReturnType<typeof disk>, path: string): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(files.contents.get(path))) as Record<string, unknown>;
const legacy = jsonOf(disk("cross-encoder-legacy"), "m/config.json");
const settings = jsonOf(disk("cross-encoder-new"), "m/config_sentence_transformers.json");
const read = (name: string, changes?: Parameters<typeof disk>[1]) => readCrossEncoder(disk(name, changes), "m");
const withConfig = (changes: object) => read("cross-encoder-legacy", { "config.json": { ...legacy, ...changes } });

describe("golden folders", () => {
  test.each([
    ["cross-encoder-new", "sigmoid"],
    ["cross-encoder-legacy", "sigmoid"],
    ["cross-encoder-old-key", "identity"],
  ])("%s", async (name, activation) => {
    const model = await read(name);
    expect(model).toMatchObject({ activation, labels: ["LABEL_0"], maxSeqLength: 32, doLowerCase: false, prompts: {}, warnings: [] });
    expect(model.weights.names).toContain("classifier.weight");
  });
});

test("the kind of a folder", async () => {
  const kind = (name: string, changes?: Parameters<typeof disk>[1]) => modelKind(disk(name, changes), "m");
  for (const name of ["cross-encoder-new", "cross-encoder-legacy", "cross-encoder-old-key"]) expect(await kind(name)).toBe("cross-encoder");
  for (const name of ["bert-mean-new", "bert-mean-legacy"]) expect(await kind(name)).toBe("embedding");
  expect(await kind("bert-mean-legacy", { "config_sentence_transformers.json": null })).toBe("embedding");
  expect(await kind("bert-mean-legacy", { "config_sentence_transformers.json": null, "modules.json": null })).toBe("embedding");
  expect((await failure(modelKind(disk("bert-mean-new"), "none"))).code).toBe("E_MODEL_FOLDER");
});

describe("activation and labels", () => {
  test("without a name: sigmoid for one label, none for several", async () => {
    expect((await withConfig({ sentence_transformers: undefined })).activation).toBe("sigmoid");
    const id2label = { 0: "no", 1: "maybe", 2: "yes" };
    expect(await withConfig({ sentence_transformers: undefined, id2label })).toMatchObject({
      activation: "identity",
      labels: ["no", "maybe", "yes"],
    });
  });

  test("config_sentence_transformers.json wins over config.json, and the newer key over the older one", async () => {
    const identity = "torch.nn.modules.linear.Identity";
    expect((await withConfig({ sbert_ce_default_activation_function: identity })).activation).toBe("sigmoid");
    const changes = { "config_sentence_transformers.json": { ...settings, activation_fn: identity }, "config.json": legacy };
    expect((await read("cross-encoder-new", changes)).activation).toBe("identity");
  });

  test("code of its own is not run: the default, and a warning", async () => {
    const model = await withConfig({ sentence_transformers: { activation_fn: "evil.module.Activation" } });
    expect(model.activation).toBe("sigmoid");
    expect(model.warnings).toEqual([expect.stringMatching(/"evil\.module\.Activation" is code of its own and not run; sigmoid is used/)]);
  });

  test("the number of labels is that of id2label, else num_labels, else 2", async () => {
    const plain = { id2label: undefined, label2id: undefined };
    expect((await withConfig({ ...plain, num_labels: 4 })).labels).toHaveLength(4);
    expect((await withConfig(plain)).labels).toEqual(["LABEL_0", "LABEL_1"]);
  });
});

describe("what cannot be read is a sentence", () => {
  const module = (type: string, path = "") => ({ idx: 0, name: "0", path, type: `sentence_transformers.${type}` });
  const transformer = module("base.modules.transformer.Transformer");
  test.each<[string, string, Parameters<typeof disk>[1], RegExp]>([
    ["an embedding model", "bert-mean-new", {}, /config_sentence_transformers\.json describes a SentenceTransformer, not a cross-encoder/],
    [
      "an old embedding model",
      "bert-mean-legacy",
      { "config_sentence_transformers.json": null },
      /names the module "sentence_transformers\.models\.Pooling", not a cross-encoder/,
    ],
    [
      "an encoder",
      "bert-mean-legacy",
      { "config_sentence_transformers.json": null, "modules.json": null },
      /config\.json describes a BertModel, not a cross-encoder/,
    ],
    [
      "a generative reranker",
      "cross-encoder-legacy",
      { "config.json": { ...legacy, architectures: ["Qwen3ForCausalLM"] } },
      /describes a Qwen3ForCausalLM, not a cross-encoder/,
    ],
    [
      "another module",
      "cross-encoder-new",
      { "modules.json": [transformer, module("cross_encoder.modules.logit_score.LogitScore", "1_LogitScore")] },
      /names the module "sentence_transformers\.cross_encoder\.modules\.logit_score\.LogitScore"/,
    ],
    [
      "an unknown activation",
      "cross-encoder-legacy",
      { "config.json": { ...legacy, sentence_transformers: { activation_fn: "torch.nn.GLU" } } },
      /names the activation "torch\.nn\.GLU", which attune does not know/,
    ],
    [
      "labels with gaps",
      "cross-encoder-legacy",
      { "config.json": { ...legacy, id2label: { 0: "a", 2: "b" } } },
      /has labels with gaps: 0, 2/,
    ],
    ["labels that are none", "cross-encoder-legacy", { "config.json": { ...legacy, id2label: { yes: "a" } } }, /not understood: id2label/],
    [
      "a default prompt that is not there",
      "cross-encoder-new",
      { "config_sentence_transformers.json": { ...settings, default_prompt_name: "x" } },
      /default prompt "x"/,
    ],
    ["no weights", "cross-encoder-new", { "model.safetensors": null }, /has no model\.safetensors/],
    ["no config", "cross-encoder-new", { "config.json": null }, /has no config\.json/],
    ["only an adapter", "cross-encoder-new", { "config.json": null, "adapter_config.json": "{}" }, /only an adapter/],
  ])("%s", async (_what, name, changes, sentence) => {
    const error = await failure(read(name, changes));
    expect(error.code).toBe("E_MODEL_FOLDER");
    expect(error.sentence).toMatch(sentence);
  });

  test.each(["cross-encoder-new", "cross-encoder-legacy"])("%s where an embedding model is meant", async (name) => {
    const error = await failure(readSentenceTransformers(disk(name), "m"));
    expect(error).toMatchObject({ code: "E_MODEL_FOLDER", hint: expect.stringContaining("attune rerank") });
    expect(error.sentence).toMatch(/describes a cross-encoder, which scores pairs/);
  });
});

describe("written folders", () => {
  const written = async (name: string, changes: object = {}, base: Parameters<typeof disk>[1] = {}) => {
    const files = disk(name, base);
    const model = await readCrossEncoder(files, "m");
    await writeCrossEncoder(files, "out", { ...model, base: "m", weights: tensorsOf(model.weights), ...changes });
    return files;
  };

  test.each(["cross-encoder-new", "cross-encoder-legacy", "cross-encoder-old-key"])("%s reads as before", async (name) => {
    const files = await written(name);
    const [before, after] = [await readCrossEncoder(files, "m"), await readCrossEncoder(files, "out")];
    const { activation, labels, maxSeqLength, prompts } = before;
    expect(after).toMatchObject({ activation, labels, maxSeqLength, prompts });
    expect((await openSafetensors(files, "out/model.safetensors")).names).toEqual(before.weights.names);
    expect(files.contents.get("out/tokenizer.json")).toEqual(files.contents.get("m/tokenizer.json"));
  });

  test.each(["cross-encoder-new", "cross-encoder-legacy", "cross-encoder-old-key"])(
    "%s with another activation and length",
    async (name) => {
      const files = await written(name, { activation: "tanh", maxSeqLength: 20, prompts: { ask: "Q: " }, defaultPromptName: "ask" });
      const model = await readCrossEncoder(files, "out");
      expect(model).toMatchObject({ activation: "tanh", maxSeqLength: 20, prompts: { ask: "Q: " }, defaultPromptName: "ask" });
      // Versions before 5.4 know config.json alone, and so must find the same there.
      for (const newer of ["config_sentence_transformers.json", "modules.json"]) files.contents.delete(`out/${newer}`);
      expect((await readCrossEncoder(files, "out")).activation).toBe("tanh");
      const text = new TextDecoder().decode(files.contents.get("out/config.json"));
      expect(text).toContain('"hidden_dropout_prob": 0.0'); // as Python wrote it
    },
  );

  test("texts stay lower-cased where the folder says so, and nothing is said of it where it does not", async () => {
    const lower = await written("cross-encoder-new", {}, { "sentence_bert_config.json": { do_lower_case: true } });
    expect((await readCrossEncoder(lower, "out")).doLowerCase).toBe(true);
    const plain = await written("cross-encoder-new");
    expect(jsonOf(plain, "out/sentence_bert_config.json")).not.toHaveProperty("do_lower_case");
  });

  test("without a tokenizer_config.json there is one with the length", async () => {
    const files = await written("cross-encoder-new", { maxSeqLength: 16 }, { "tokenizer_config.json": null });
    expect(jsonOf(files, "out/tokenizer_config.json")).toEqual({ model_max_length: 16 });
  });
});
