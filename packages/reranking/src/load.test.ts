import { createNodeFiles } from "@attune/files-node";
import { openSafetensors, writeSafetensors } from "@attune/formats";
import type { SafetensorsFile, TensorToWrite } from "@attune/formats";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { caseOf, copyOf, folders, jsonAt, largestDifference, load } from "../test/models.ts";
import { saveCrossEncoder } from "./load.ts";

const { pairs } = caseOf("cross-encoder-new");
const files = createNodeFiles();

/** The folder's tensors, changed, written back. */
async function rewrite(folder: string, change: (tensors: TensorToWrite[]) => readonly TensorToWrite[]): Promise<string> {
  const path = `${folder}/model.safetensors`;
  const weights = await openSafetensors(files, path);
  const tensors = await Promise.all(weights.names.map(async (name) => ({ name, ...(await weights.read(name)) }) as TensorToWrite));
  await writeSafetensors(files, path, change(tensors));
  return folder;
}

async function bytesOf(file: SafetensorsFile): Promise<Record<string, unknown>> {
  return Object.fromEntries(await Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const)));
}

/** A golden folder with several labels: the head's row, times 1, 2, … */
async function withLabels(labels: number, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const config = jsonAt(copyOf("st/cross-encoder-legacy"), "config.json");
  const id2label = Object.fromEntries(Array.from({ length: labels }, (_, i) => [i, `class ${i}`]));
  const folder = copyOf("st/cross-encoder-legacy", {
    "config.json": { ...config, sentence_transformers: undefined, id2label, ...changes },
  });
  return rewrite(folder, (tensors) =>
    tensors.map((tensor) => {
      if (!tensor.name.startsWith("classifier.")) return tensor;
      const data = tensor.data as Float32Array;
      const rows = Array.from({ length: labels }, (_, i) => Array.from(data, (value) => value * (i + 1))).flat();
      return { ...tensor, shape: [labels, ...tensor.shape.slice(1)], data: Float32Array.from(rows) };
    }),
  );
}

describe.each(folders)("%s", (name) => {
  it("saved and loaded again has the same weights, byte for byte, and the same scores", async () => {
    const folder = copyOf(`st/${name}`);
    const loaded = await load(folder, { maxLength: 24 });
    using model = loaded.model;
    const saved = `${copyOf(`st/${name}`)}/saved`;
    await saveCrossEncoder({ files }, saved, loaded);
    using again = (await load(saved)).model;
    expect(again.parts).toMatchObject({ maxLength: 24, activation: model.parts.activation, labels: model.parts.labels });
    expect(await again.score(pairs)).toEqual(await model.score(pairs));
    const [before, after] = await Promise.all([folder, saved].map((one) => openSafetensors(files, `${one}/model.safetensors`)));
    expect(await bytesOf(after)).toEqual(await bytesOf(before));
  });
});

it("saved, a model that lower-cases its texts does so again", async () => {
  const { transformer_task } = jsonAt(copyOf("st/cross-encoder-new"), "sentence_bert_config.json");
  const folder = copyOf("st/cross-encoder-new", { "sentence_bert_config.json": { transformer_task, do_lower_case: true } });
  const loaded = await load(folder);
  using model = loaded.model;
  await saveCrossEncoder({ files }, `${folder}/saved`, loaded);
  using again = (await load(`${folder}/saved`)).model;
  expect([model.parts.lowerCase, again.parts.lowerCase]).toEqual([true, true]);
  expect(jsonAt(`${folder}/saved`, "sentence_bert_config.json")).toMatchObject({ transformer_task, do_lower_case: true });
});

describe("several labels", () => {
  it("give a row of scores per pair, without an activation unless the folder names one", async () => {
    using model = (await load(await withLabels(3))).model;
    expect(model.parts).toMatchObject({ labels: ["class 0", "class 1", "class 2"], activation: "identity" });
    const { logits } = caseOf("cross-encoder-new");
    const expected = logits.flatMap((logit) => [logit, 2 * logit, 3 * logit]);
    expect(largestDifference(await model.score(pairs), expected)).toBeLessThan(5e-6);
    const soft = await model.score(pairs, { activation: "softmax" });
    for (let i = 0; i < soft.length; i += 3) expect(soft[i] + soft[i + 1] + soft[i + 2]).toBeCloseTo(1, 6);
    expect(soft[2] / soft[1]).toBeCloseTo(Math.exp(logits[0]), 5);
    await expect(model.rank("a", ["b"])).rejects.toMatchObject({
      code: "E_LABELS",
      sentence: expect.stringContaining("3 labels: class 0, class 1"),
    });
  });

  it("are two where the folder does not say, as in transformers", async () => {
    const folder = await withLabels(2, { id2label: undefined, label2id: undefined });
    using model = (await load(folder)).model;
    expect(model.parts.labels).toEqual(["LABEL_0", "LABEL_1"]);
  });

  it("must be those of the weights", async () => {
    const { id2label } = jsonAt(await withLabels(2), "config.json");
    const folder = await withLabels(3, { id2label });
    await expect(load(folder)).rejects.toMatchObject({
      code: "E_WEIGHTS",
      sentence: expect.stringMatching(/"classifier\.(weight|bias)" expected \[2.*\] as config\.json says, got \[3/),
    });
  });
});

describe("activations", () => {
  it.each([
    ["torch.nn.modules.activation.Tanh", Math.tanh],
    ["torch.nn.ReLU", (x: number) => Math.max(0, x)],
    ["torch.nn.modules.linear.Identity", (x: number) => x],
  ] as const)("%s", async (name, activate) => {
    const config = jsonAt(copyOf("st/cross-encoder-legacy"), "config.json");
    const folder = copyOf("st/cross-encoder-legacy", { "config.json": { ...config, sentence_transformers: { activation_fn: name } } });
    using model = (await load(folder)).model;
    expect(largestDifference(await model.score(pairs), caseOf("cross-encoder-new").logits.map(activate))).toBeLessThan(2e-6);
  });
});

describe("weights", () => {
  it.each([
    ["F16", (values: Float32Array) => new Uint16Array(new Float16Array(values).buffer), 2e-3],
    ["BF16", (values: Float32Array) => new Uint16Array(values.slice().buffer).filter((_, i) => i % 2 === 1), 2e-2], // the upper halves
    ["F64", (values: Float32Array) => Float64Array.from(values), 1e-6],
  ] as const)("in %s", async (dtype, convert, tolerance) => {
    const folder = await rewrite(copyOf("st/cross-encoder-new"), (tensors) =>
      tensors.map((tensor) => ({ ...tensor, dtype, data: convert(tensor.data as Float32Array) }) as TensorToWrite),
    );
    using model = (await load(folder)).model;
    expect(largestDifference(await model.score(pairs), caseOf("cross-encoder-new").predict)).toBeLessThan(tolerance);
  });

  const without = (name: string) => (tensors: readonly TensorToWrite[]) => tensors.filter((tensor) => tensor.name !== name);
  const extra: TensorToWrite = { name: "bert.encoder.layer.9.extra", dtype: "F32", shape: [1], data: new Float32Array(1) };
  it.each([
    [
      "a tensor of the encoder",
      without("bert.encoder.layer.1.output.dense.bias"),
      "E_WEIGHTS",
      'lacks the tensor "encoder.layer.1.output.dense.bias"',
    ],
    ["the pooler", without("bert.pooler.dense.weight"), "E_WEIGHTS", 'lacks the tensor "pooler.dense.weight"'],
    ["half of the head", without("classifier.bias"), "E_WEIGHTS", 'lacks the tensor "classifier.bias"'],
    [
      "the head",
      (all: TensorToWrite[]) => all.filter(({ name }) => !name.startsWith("classifier.")),
      "E_MODEL_FOLDER",
      "weights without a classification head",
    ],
    ["what is left over", (all: TensorToWrite[]) => [...all, extra], "E_WEIGHTS", 'holds the tensor "encoder.layer.9.extra"'],
  ] as const)("are refused by name: %s", async (_what, change, code, sentence) => {
    const folder = await rewrite(copyOf("st/cross-encoder-new"), change);
    const engine = new Engine(createReferenceBackend());
    await expect(load(folder, { engine })).rejects.toMatchObject({ code, sentence: expect.stringContaining(sentence) });
    expect(engine.backend.counters.bytesLive).toBe(0);
  });
});

it("an architecture whose cross-encoders are not known is a sentence", async () => {
  const config = jsonAt(copyOf("st/cross-encoder-legacy"), "config.json");
  const folder = copyOf("st/cross-encoder-legacy", { "config.json": { ...config, model_type: "qwen2" } });
  await expect(load(folder)).rejects.toMatchObject({ code: "E_MODEL_TYPE", place: expect.stringContaining("config.json model_type") });
});
