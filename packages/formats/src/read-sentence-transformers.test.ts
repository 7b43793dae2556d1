import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { disk, golden, read, root } from "../test/golden-disk.ts";
import { loadFolder, memoryFiles } from "../test/memory-files.ts";
import { readSentenceTransformers } from "./read-sentence-transformers.ts";

const mean = { type: "pooling", modes: ["mean"], includePrompt: true, dimension: 32 };
const dense = { type: "dense", inFeatures: 32, outFeatures: 12, bias: true, activation: "tanh" };

/** The length limit of a folder with these two files and no setting of its own. */
const length = async (tokenizer: object | null, config: object) => {
  const changes = { "sentence_bert_config.json": null, "tokenizer_config.json": tokenizer, "config.json": config };
  return (await read("bert-mean-legacy", changes)).maxSeqLength;
};

/** The pooling module that a config gives. */
const pooling = async (config: object) => (await read("bert-multi-legacy", { "1_Pooling/config.json": config })).modules[1];

/** modules.json of a transformer and one more module. */
const entry = (type: string, path: string) => [
  { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
  { idx: 1, name: "1", path, type },
];

describe("golden folders", () => {
  test.each([
    ["bert-mean-legacy", [mean, { type: "normalize" }], "cosine"],
    ["bert-mean-new", [mean, { type: "normalize" }], "cosine"],
    ["bert-dense-legacy", [mean, dense, { type: "normalize" }], "dot"],
    ["bert-dense-new", [mean, dense, { type: "normalize" }], "dot"],
    ["bert-multi-legacy", [{ ...mean, modes: ["cls", "max", "mean"] }], "euclidean"],
    ["bert-noprompt-legacy", [{ ...mean, includePrompt: false }, { type: "normalize" }], "manhattan"],
  ])("%s", async (name, modules, similarity) => {
    const model = await read(name);
    expect(model.modules).toMatchObject([{ type: "transformer" }, ...modules]);
    expect(model).toMatchObject({ similarity, maxSeqLength: 24, doLowerCase: false, transformerFolder: "m", truncateDimension: undefined });
    expect(model.config).toMatchObject({ model_type: "bert", hidden_size: 32 });
    expect(model.weights.names).toHaveLength(39);
    expect(model.versions.transformers).toBe(name.endsWith("new") ? "4.57.6" : "4.55.0");
  });

  test("prompts and their default", async () => {
    const { prompts, defaultPromptName } = await read("bert-noprompt-legacy");
    expect({ prompts, defaultPromptName }).toEqual({
      prompts: { query: "find the answer: ", document: "passage: " },
      defaultPromptName: "query",
    });
    expect((await read("bert-mean-new")).defaultPromptName).toBeUndefined();
  });

  test("the weights of a Dense module", async () => {
    const module = (await read("bert-dense-new")).modules[2];
    if (module.type !== "dense") throw new Error("not the dense module");
    expect(await module.weights.readF32("linear.weight")).toHaveLength(12 * 32);
  });

  test("folders of other families in ../shared", async (context) => {
    const folder = `${root}../shared/golden/st`;
    if (!existsSync(folder)) context.skip("../shared is not here");
    for (const name of readdirSync(folder).filter((one) => !/^(bert|cross-encoder)-/.test(one))) {
      const files = memoryFiles();
      loadFolder(files, `${folder}/${name}`, name);
      const model = await readSentenceTransformers(files, name);
      expect(model.modules.map(({ type }) => type)).toEqual(["transformer", "pooling", "normalize"]);
      expect(model.maxSeqLength).toBe(24);
    }
  });
});

describe("other layouts", () => {
  test("a plain Hugging Face folder is pooled by mean", async () => {
    const none = { "modules.json": null, "sentence_bert_config.json": null, "config_sentence_transformers.json": null };
    const model = await read("bert-mean-legacy", none);
    expect(model.modules).toEqual([{ type: "transformer" }, mean]);
    expect(model).toMatchObject({ maxSeqLength: 40, prompts: {}, similarity: "cosine", versions: {} });
  });

  test("lengths: the smaller of tokenizer and position table, or none", async () => {
    const config = { hidden_size: 32, max_position_embeddings: 512 };
    expect(await length({ model_max_length: 128 }, config)).toBe(128);
    expect(await length({ model_max_length: 1e30 }, config)).toBe(512);
    expect(await length(null, config)).toBe(512);
    expect(await length(null, { hidden_size: 32 })).toBeUndefined();
  });

  test("an old folder with the transformer in 0_Transformer and an old settings name", async () => {
    const files = memoryFiles();
    loadFolder(files, `${golden}bert-mean-legacy`, "m/0_Transformer");
    await files.rename("m/0_Transformer/1_Pooling", "m/1_Pooling");
    await files.rename("m/0_Transformer/sentence_bert_config.json", "m/0_Transformer/sentence_xlnet_config.json");
    const modules = JSON.parse(await files.readText("m/0_Transformer/modules.json")) as { path: string }[];
    modules[0].path = "0_Transformer";
    await files.write("m/modules.json", JSON.stringify(modules));
    expect(await readSentenceTransformers(files, "m")).toMatchObject({ transformerFolder: "m/0_Transformer", maxSeqLength: 24 });
  });

  test("pooling: a list of modes in its own order, a config without flags", async () => {
    expect(await pooling({ embedding_dimension: 32, pooling_mode: ["mean", "cls"] })).toMatchObject({ modes: ["mean", "cls"] });
    expect(await pooling({ word_embedding_dimension: 32 })).toMatchObject({ modes: ["mean"] });
  });

  test("truncate_dim", async () => {
    const changes = {
      "config_sentence_transformers.json": { truncate_dim: 16, default_prompt_name: null, __version__: { pytorch: null } },
    };
    expect(await read("bert-mean-new", changes)).toMatchObject({ truncateDimension: 16, versions: {} });
  });
});

describe("what cannot be read is a sentence", () => {
  const denseConfig = { in_features: 32, out_features: 12, bias: true };
  const cases: [string, string, Record<string, object | string | null>, code: string, sentence: RegExp][] = [
    ["no config", "bert-mean-legacy", { "config.json": null }, "E_MODEL_FOLDER", /m has no config\.json/],
    ["config is not JSON", "bert-mean-legacy", { "config.json": "{" }, "E_MODEL_FOLDER", /m\/config\.json is not JSON/],
    ["config is a list", "bert-mean-legacy", { "config.json": "[]" }, "E_MODEL_FOLDER", /m\/config\.json .*expected record, got \[\]/],
    [
      "no weights",
      "bert-mean-legacy",
      { "model.safetensors": null },
      "E_MODEL_FOLDER",
      /m has no model\.safetensors or pytorch_model\.bin$/,
    ],
    [
      "damaged pickles",
      "bert-mean-legacy",
      { "model.safetensors": null, "pytorch_model.bin": "x" },
      "E_PICKLE_CONTAINER",
      /m\/pytorch_model\.bin is no file of torch\.save/,
    ],
    [
      "only an adapter",
      "bert-mean-legacy",
      { "model.safetensors": null, "adapter_config.json": "{}" },
      "E_MODEL_FOLDER",
      /only an adapter/,
    ],
    [
      "only an adapter, as PEFT writes it",
      "bert-mean-legacy",
      { "config.json": null, "model.safetensors": null, "adapter_config.json": "{}", "adapter_model.safetensors": "x" },
      "E_MODEL_FOLDER",
      /m has no config\.json: it holds only an adapter/,
    ],
    ["damaged weights", "bert-mean-legacy", { "model.safetensors": "abc" }, "E_SAFETENSORS_TRUNCATED", /m\/model\.safetensors/],
    [
      "an unknown module",
      "bert-mean-legacy",
      { "modules.json": entry("sentence_transformers.models.CNN", "1_CNN") },
      "E_MODEL_FOLDER",
      /the module "sentence_transformers\.models\.CNN"/,
    ],
    [
      "code of its own",
      "bert-mean-legacy",
      { "modules.json": entry("custom.Pooling", "1_Pooling") },
      "E_MODEL_FOLDER",
      /"custom\.Pooling", which is code/,
    ],
    [
      "a path outside",
      "bert-mean-legacy",
      { "modules.json": entry("sentence_transformers.models.Pooling", "../x") },
      "E_MODEL_FOLDER",
      /"\.\.\/x", which is not inside/,
    ],
    ["no transformer", "bert-mean-legacy", { "modules.json": entry("", "").slice(0, 0) }, "E_MODEL_FOLDER", /modules\.json/],
    [
      "pooling first",
      "bert-mean-legacy",
      { "modules.json": [{ path: "1_Pooling", type: "sentence_transformers.models.Pooling" }] },
      "E_MODEL_FOLDER",
      /starts with/,
    ],
    ["no pooling config", "bert-mean-legacy", { "1_Pooling/config.json": null }, "E_NO_FILE", /m\/1_Pooling\/config\.json/],
    ["no dimension", "bert-mean-legacy", { "1_Pooling/config.json": {} }, "E_MODEL_FOLDER", /neither/],
    [
      "another dimension",
      "bert-mean-legacy",
      { "1_Pooling/config.json": { embedding_dimension: 48 } },
      "E_MODEL_FOLDER",
      /takes 48 values, but the module before it gives 32/,
    ],
    [
      "an unknown mode",
      "bert-mean-new",
      { "1_Pooling/config.json": { embedding_dimension: 32, pooling_mode: "median" } },
      "E_MODEL_FOLDER",
      /"pooling_mode": .*got "median"/,
    ],
    ["no dense weights", "bert-dense-new", { "2_Dense/model.safetensors": null }, "E_MODEL_FOLDER", /m\/2_Dense has no model\.safetensors/],
    [
      "dense weights that do not fit",
      "bert-dense-new",
      { "2_Dense/config.json": { ...denseConfig, out_features: 13 } },
      "E_WEIGHTS",
      /"linear\.weight" expected \[13, 32\].*got \[12, 32\]/,
    ],
    [
      "an unknown activation",
      "bert-dense-new",
      { "2_Dense/config.json": { ...denseConfig, activation_function: "torch.nn.X" } },
      "E_MODEL_FOLDER",
      /activation "torch\.nn\.X"/,
    ],
    [
      "dense on tokens",
      "bert-dense-new",
      { "2_Dense/config.json": { ...denseConfig, module_input_name: "token_embeddings" } },
      "E_MODEL_FOLDER",
      /maps "token_embeddings"/,
    ],
    ["a residual", "bert-dense-new", { "2_Dense/config.json": { ...denseConfig, use_residual: true } }, "E_MODEL_FOLDER", /use_residual/],
    [
      "a reranker",
      "bert-mean-new",
      { "config_sentence_transformers.json": { model_type: "CrossEncoder" } },
      "E_MODEL_FOLDER",
      /describes a cross-encoder/,
    ],
    [
      "a default prompt that is not there",
      "bert-mean-new",
      { "config_sentence_transformers.json": { default_prompt_name: "q", prompts: {} } },
      "E_MODEL_FOLDER",
      /default prompt "q"/,
    ],
    [
      "an unknown similarity",
      "bert-mean-new",
      { "config_sentence_transformers.json": { similarity_fn_name: "MaxSim" } },
      "E_MODEL_FOLDER",
      /"similarity_fn_name": .*got "MaxSim"/,
    ],
    ["no hidden size", "bert-mean-new", { "modules.json": null, "config.json": "{}" }, "E_MODEL_FOLDER", /hidden_size/],
  ];
  test.each(cases)("%s", async (_what, name, changes, code, sentence) => {
    const error = await failure(read(name, changes));
    expect(error.code).toBe(code);
    expect(error.sentence).toMatch(sentence);
  });

  test("a file, and nothing at all", async () => {
    const files = disk("bert-mean-new");
    const file = await failure(readSentenceTransformers(files, "m/config.json"));
    expect(file.message).toMatch(/^E_MODEL_FOLDER m\/config\.json is a file, not a model folder\. Hint: /);
    expect((await failure(readSentenceTransformers(files, "org/name"))).message).toMatch(
      /^E_MODEL_FOLDER org\/name does not exist\. Hint: .*hub/,
    );
  });
});
