import { uploadTokens } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { backwardOf, config, forward, goldenBert, goldenIds, goldenTokens, goldenTypes, hiddenOf, pack } from "../test/bert.ts";
import { largest, largestDifference, relativeDistance } from "../test/compare.ts";
import { readGolden, readTensors } from "../test/golden.ts";
import { bertFamily } from "./bert.ts";

interface Case {
  readonly parameters_with_zero_gradient: readonly string[];
}

const gradients = readTensors("model-cases/bert/grads.safetensors");
const zero = new Set(readGolden<Case>("model-cases/bert/case.json").parameters_with_zero_gradient);
const codeOf = (code: string) => expect.objectContaining({ code });

// The golden files are rounded to f32, which is what limits f64 here.
describe.each([
  { float: "f64", output: 5e-7, gradient: 1e-6 },
  { float: "f32", output: 2e-5, gradient: 1e-4 },
] as const)("transformers' BertModel in $float", ({ float, output, gradient }) => {
  it("gives the hidden states of every layer", async () => {
    const encoder = await goldenBert(float);
    const { engine } = encoder.store;
    const { hidden, layers } = engine.scope(() =>
      engine.noGradient(() => encoder.forward(uploadTokens(engine, goldenTokens), { keepLayers: true })),
    );
    expect(layers).toHaveLength(3);
    for (const [i, layer] of layers!.entries()) {
      expect(largestDifference(await layer.read(), forward.get(`hidden_states.${i}`)!)).toBeLessThan(output);
    }
    expect(await hidden.read()).toEqual(await layers![2].read());
    expect(largestDifference(await hidden.read(), forward.get("last_hidden_state")!)).toBeLessThan(output);
  });

  it("gives every gradient", async () => {
    const encoder = await goldenBert(float);
    const found = (await backwardOf(encoder, goldenTokens, forward.get("cotangent")!)).gradients;
    expect([...found.keys()].sort()).toEqual([...gradients.keys()].sort());
    for (const [name, expected] of gradients) {
      if (zero.has(name)) continue;
      expect.soft(largestDifference(found.get(name)!, expected) / largest(expected), name).toBeLessThan(gradient);
    }
    for (const name of zero) expect(largest(found.get(name)!), name).toBeLessThan(float === "f64" ? 1e-12 : 1e-4);
  });
});

describe("a text's vectors", () => {
  const alone = (i: number) => pack([goldenIds[i]], [goldenTypes[i]]);

  it("do not depend on the batch, bit for bit", async () => {
    for (const float of ["f64", "f32"] as const) {
      const encoder = await goldenBert(float);
      const together = await hiddenOf(encoder, goldenTokens);
      const order = [3, 0, 4, 2, 1];
      const shuffled = await hiddenOf(
        encoder,
        pack(
          order.map((i) => goldenIds[i]),
          order.map((i) => goldenTypes[i]),
        ),
      );
      let start = 0;
      for (const i of order) {
        const { cuSeqlens } = goldenTokens;
        const own = await hiddenOf(encoder, alone(i));
        expect(own).toEqual(together.subarray(cuSeqlens[i] * 32, cuSeqlens[i + 1] * 32));
        expect(own).toEqual(shuffled.subarray(start, start + own.length));
        start += own.length;
      }
    }
  });

  it("depend on token types, which are 0 when left out", async () => {
    const encoder = await goldenBert("f64");
    const ids = goldenIds[4];
    const untyped = await hiddenOf(encoder, pack([ids]));
    expect(await hiddenOf(encoder, pack([ids], [ids.map(() => 0)]))).toEqual(untyped);
    expect(largestDifference(await hiddenOf(encoder, alone(4)), untyped)).toBeGreaterThan(0.1);
  });

  it("are none for an empty text, which changes no other", async () => {
    const encoder = await goldenBert("f64");
    const [first, second] = [goldenIds[0], goldenIds[3]];
    expect(await hiddenOf(encoder, pack([[], first, [], second, []]))).toEqual(await hiddenOf(encoder, pack([first, second])));
    expect(await hiddenOf(encoder, pack([[], []]))).toHaveLength(0);
  });
});

describe("backward", () => {
  it("through recomputed layers gives the same gradients, dropout included", async () => {
    const training = { seed: 5, step: 3, row: 0 };
    const encoder = await goldenBert("f64", { hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.2 });
    const kept = await backwardOf(encoder, goldenTokens, forward.get("cotangent")!, { training });
    for (const parameter of encoder.store.parameters) parameter.clearGradient();
    const recomputed = await backwardOf(encoder, goldenTokens, forward.get("cotangent")!, { training, recompute: true });
    expect(recomputed.hidden).toEqual(kept.hidden);
    expect([...recomputed.gradients.keys()]).toEqual([...kept.gradients.keys()]);
    for (const [name, gradient] of kept.gradients) {
      const scale = Math.max(1, largest(gradient));
      expect.soft(largestDifference(recomputed.gradients.get(name)!, gradient) / scale, name).toBeLessThan(1e-13);
    }
  });

  it("with recomputed layers keeps less memory", async () => {
    const peak = async (recompute: boolean): Promise<number> => {
      const { engine } = (await goldenBert("f32")).store;
      const { counters } = engine.backend;
      const encoder = bertFamily.create(engine, { ...config, num_hidden_layers: 6 });
      encoder.store.initialise(1);
      const before = counters.bytesLive;
      await backwardOf(encoder, goldenTokens, forward.get("cotangent")!, { recompute });
      const gradients = counters.bytesLive - before;
      return counters.bytesPeak - before - gradients;
    };
    expect(await peak(true)).toBeLessThan(0.4 * (await peak(false)));
  });

  it("leaves no memory behind", async () => {
    const encoder = await goldenBert("f32");
    const { counters } = encoder.store.engine.backend;
    const live = [];
    for (let i = 0; i < 3; i++) {
      await backwardOf(encoder, goldenTokens, forward.get("cotangent")!, { recompute: i === 2 });
      live.push(counters.bytesLive);
    }
    expect(live[1]).toBe(live[0]);
    expect(live[2]).toBe(live[0]);
    encoder.store[Symbol.dispose]();
    expect(counters.bytesLive).toBe(0);
  });
});

describe("bf16", () => {
  it("keeps hidden states and gradients close to those in f32", async () => {
    const run = async (compute: "f32" | "bf16") => {
      const encoder = await goldenBert("f32", {}, compute);
      return backwardOf(encoder, goldenTokens, forward.get("cotangent")!);
    };
    const [single, narrow] = [await run("f32"), await run("bf16")];
    const error = relativeDistance(narrow.hidden, single.hidden);
    expect(error).toBeGreaterThan(1e-4); // it is bf16
    expect(error).toBeLessThan(1e-2);
    const names = [...single.gradients.keys()].filter((name) => !zero.has(name));
    const all = (gradients: ReadonlyMap<string, ArrayLike<number>>) => names.flatMap((name) => Array.from(gradients.get(name)!));
    expect(relativeDistance(all(narrow.gradients), all(single.gradients))).toBeLessThan(2e-2);
  });

  it.each([
    ["f32", 4],
    ["bf16", 2],
  ] as const)("saves ten values of %s per token, layer and hidden unit, and what is counted by rows", async (compute, bytes) => {
    const saved = async (layers: number): Promise<number> => {
      const encoder = await goldenBert("f32", { num_hidden_layers: 2 }, compute);
      const { engine } = encoder.store;
      const deep = bertFamily.create(engine, { ...config, num_hidden_layers: layers });
      deep.store.initialise(1);
      return engine.scope(() => {
        const tokens = uploadTokens(engine, goldenTokens);
        const before = engine.backend.counters.bytesLive;
        deep.forward(tokens);
        return engine.backend.counters.bytesLive - before;
      });
    };
    const tokens = goldenTokens.ids.length;
    const [heads, width] = [config.num_attention_heads as number, config.hidden_size as number];
    const inner = config.intermediate_size as number;
    const layer = bytes * tokens * (6 * width + inner) + 4 * tokens * (heads + 2);
    expect((await saved(5)) - (await saved(4))).toBe(layer);
  });
});

describe("refused", () => {
  it("a text longer than the positions", async () => {
    const encoder = await goldenBert("f32");
    const text = Array.from({ length: 41 }, (_, i) => i);
    await expect(hiddenOf(encoder, pack([goldenIds[0], text]))).rejects.toEqual(codeOf("E_TOO_LONG"));
    expect(await hiddenOf(encoder, pack([text.slice(1)]))).toHaveLength(40 * 32);
  });

  it.each([
    { what: "beyond the vocabulary", ids: [2, 500, 3] },
    { what: "below 0", ids: [2, -1, 3] },
  ])("a token id $what", async ({ ids }) => {
    const encoder = await goldenBert("f32");
    await expect(hiddenOf(encoder, pack([ids]))).rejects.toEqual(codeOf("E_TOKEN_ID"));
  });

  it("a token type that the model does not have", async () => {
    const encoder = await goldenBert("f32");
    await expect(hiddenOf(encoder, pack([[2, 3]], [[0, 2]]))).rejects.toEqual(codeOf("E_TOKEN_ID"));
  });

  it.each([
    { key: "hidden_size", value: undefined },
    { key: "hidden_size", value: "32" },
    { key: "hidden_size", value: 30 },
    { key: "vocab_size", value: 0 },
    { key: "num_hidden_layers", value: 1.5 },
    { key: "num_attention_heads", value: -4 },
    { key: "intermediate_size", value: null },
    { key: "max_position_embeddings", value: undefined },
    { key: "hidden_act", value: "swiglu" },
    { key: "hidden_dropout_prob", value: 1 },
    { key: "attention_probs_dropout_prob", value: -0.1 },
    { key: "layer_norm_eps", value: 0 },
    { key: "position_embedding_type", value: "relative_key" },
    { key: "is_decoder", value: true },
  ])("a config with $key $value", async ({ key, value }) => {
    const refused = goldenBert("f32", { [key]: value });
    await expect(refused).rejects.toEqual(codeOf("E_CONFIG"));
    await expect(refused).rejects.toHaveProperty("place", `config.json ${key}`);
  });

  it("a config that is no object", async () => {
    const { engine } = (await goldenBert("f32")).store;
    expect(() => bertFamily.create(engine, null)).toThrow(codeOf("E_CONFIG"));
  });
});

it("has a width, positions and a vocabulary, and knows what it does not use", async () => {
  const encoder = await goldenBert("f32");
  expect(encoder).toMatchObject({ hiddenSize: 32, maxPositions: 40, vocabularySize: 500 });
  const names = [...readTensors("models/bert/model.safetensors").keys()];
  expect(names.filter((name) => encoder.isUnused(name)).sort()).toEqual(["pooler.dense.bias", "pooler.dense.weight"]);
  expect(names.filter((name) => !encoder.isUnused(name)).sort()).toEqual([...encoder.store.shapes.keys()].sort());
  expect(encoder.isUnused("embeddings.position_ids")).toBe(true);
});

it("knows the names that layer norms had in files from TensorFlow", () => {
  const old = ["encoder.layer.0.output.LayerNorm.gamma", "embeddings.LayerNorm.beta", "encoder.layer.0.output.dense.weight"];
  const current = ["encoder.layer.0.output.LayerNorm.weight", "embeddings.LayerNorm.bias", "encoder.layer.0.output.dense.weight"];
  expect(old.map((name) => bertFamily.currentName!(name))).toEqual(current);
});

it.each(["gelu_new", "relu", "silu"])("computes another activation: %s", async (hidden_act) => {
  const erf = await hiddenOf(await goldenBert("f64"), goldenTokens);
  const other = await hiddenOf(await goldenBert("f64", { hidden_act }), goldenTokens);
  expect(largestDifference(other, erf)).toBeGreaterThan(1e-5);
  const twin: Record<string, string> = { gelu_new: "gelu_pytorch_tanh", silu: "swish", relu: "relu" };
  expect(await hiddenOf(await goldenBert("f64", { hidden_act: twin[hidden_act] }), goldenTokens)).toEqual(other);
});

it("takes the defaults of transformers' BertConfig", async () => {
  const { type_vocab_size: _type, layer_norm_eps: _eps, hidden_act: _act, ...short } = config;
  const { engine } = (await goldenBert("f32")).store;
  expect(bertFamily.create(engine, short).store.get("embeddings.token_type_embeddings.weight").shape).toEqual([2, 32]);
});
