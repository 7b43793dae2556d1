// BERT: post-norm encoder with learned positions and token types. One fused product for q, k and v; texts are packed, so no token is padding.
// Also what MiniLM and bge are. Parameter names are those of transformers' BertModel.

import { AttuneError, definePlugin, show, valueAt } from "@attune/core";
import { addLayerNorm, attention, checkpoint, dropout, layerNorm, linear, sumEmbeddings } from "@attune/tensor";
import type { Activation, DeviceTokens, Engine, Tensor } from "@attune/tensor";
import { z } from "zod";
import { declareLinear, declareNorm } from "./linear.ts";
import type { LinearParameters, NormParameters } from "./linear.ts";
import { maskOf } from "./mode.ts";
import type { Training } from "./mode.ts";
import type { Encoder, EncoderOutput, ForwardOptions, ModelFamily } from "./model.ts";
import { ParameterStore } from "./parameter-store.ts";

const activations: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_new: "geluTanh",
  gelu_pytorch_tanh: "geluTanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
};

const count = z.number().int().positive();
const share = z.number().min(0).lt(1).default(0.1);

const bertConfig = z.object({
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  max_position_embeddings: count,
  type_vocab_size: count.default(2),
  hidden_act: z.enum(Object.keys(activations) as [string, ...string[]]).default("gelu"),
  hidden_dropout_prob: share,
  attention_probs_dropout_prob: share,
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  position_embedding_type: z.literal("absolute").nullish(),
  is_decoder: z.literal(false).nullish(),
});
type BertConfig = z.output<typeof bertConfig>;

interface Layer {
  readonly path: string;
  readonly query: LinearParameters;
  readonly key: LinearParameters;
  readonly value: LinearParameters;
  readonly attended: LinearParameters;
  readonly attendedNorm: NormParameters;
  readonly intermediate: LinearParameters;
  readonly output: LinearParameters;
  readonly outputNorm: NormParameters;
}

/** The BERT family: `model_type` bert. Semantics and names of transformers' BertModel without its pooler. */
export const bertFamily: ModelFamily = {
  modelTypes: ["bert"],
  prefixes: ["bert."],
  currentName: (name) => name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias"), // as TensorFlow had them
  create: (engine, config) => new BertEncoder(engine, parseConfig(config)),
};

/** The family as a plugin of kind `model`. */
export const bert = definePlugin({
  kind: "model",
  name: "bert",
  summary: "BERT encoders: all-MiniLM, bge, e5, gte …",
  options: z.strictObject({}),
  create: () => bertFamily,
});

class BertEncoder implements Encoder {
  readonly store: ParameterStore;
  readonly hiddenSize: number;
  readonly maxPositions: number;
  readonly vocabularySize: number;
  readonly #config: BertConfig;
  readonly #tables;
  readonly #norm: NormParameters;
  readonly #layers: readonly Layer[];

  constructor(engine: Engine, config: BertConfig) {
    const { hidden_size: width, initializer_range: std } = config;
    const store = new ParameterStore(engine);
    const initial = { normal: std };
    this.store = store;
    this.#config = config;
    this.hiddenSize = width;
    this.maxPositions = config.max_position_embeddings;
    this.vocabularySize = config.vocab_size;
    this.#tables = [
      store.declare("embeddings.word_embeddings.weight", [config.vocab_size, width], initial),
      store.declare("embeddings.position_embeddings.weight", [config.max_position_embeddings, width], initial),
      store.declare("embeddings.token_type_embeddings.weight", [config.type_vocab_size, width], initial),
    ];
    this.#norm = declareNorm(store, "embeddings.LayerNorm", width);
    this.#layers = Array.from({ length: config.num_hidden_layers }, (_, i) => declareLayer(store, `encoder.layer.${i}`, config));
  }

  isUnused(name: string): boolean {
    return name.startsWith("pooler.") || name === "embeddings.position_ids";
  }

  forward(tokens: DeviceTokens, { training, keepLayers = false, recompute = false }: ForwardOptions = {}): EncoderOutput {
    if (tokens.host.maxLength > this.maxPositions) {
      throw new AttuneError({
        code: "E_TOO_LONG",
        expected: `texts of at most ${this.maxPositions} tokens`,
        got: String(tokens.host.maxLength),
        hint: "lower --max-length",
      });
    }
    const engine = this.store.engine;
    let x = engine.labelled("embeddings", () => this.#embed(tokens, training)); // [T C]
    const layers = keepLayers ? [x] : undefined;
    for (const layer of this.#layers) {
      const run = (input: Tensor): Tensor => engine.scope(() => this.#layer(layer, input, tokens, training));
      x = engine.labelled(layer.path, () => (recompute ? checkpoint(run, x) : run(x)));
      layers?.push(x);
    }
    return { hidden: x, ...(layers && { layers }) };
  }

  #embed({ ids, positions, typeIds }: DeviceTokens, training: Training | undefined): Tensor {
    const { layer_norm_eps: eps, hidden_dropout_prob: p } = this.#config;
    const summed = sumEmbeddings(
      this.#tables.map((table) => table.value),
      [ids, positions, typeIds],
    ); // [T C]
    const normal = layerNorm(summed, { weight: this.#norm.weight.value, bias: this.#norm.bias.value, eps });
    const random = maskOf(training, "embeddings.dropout", p);
    return random ? dropout(normal, random) : normal;
  }

  #layer(layer: Layer, x: Tensor, { cuSeqlens, host }: DeviceTokens, training: Training | undefined): Tensor {
    const {
      num_attention_heads: heads,
      hidden_dropout_prob: p,
      attention_probs_dropout_prob: attentionP,
      layer_norm_eps: eps,
      hidden_act,
    } = this.#config;
    const headDim = this.hiddenSize / heads;
    const qkv = linear(x, {
      weight: [layer.query.weight.value, layer.key.weight.value, layer.value.weight.value],
      bias: [layer.query.bias.value, layer.key.bias.value, layer.value.bias.value],
    }); // [T 3C]
    const context = attention(qkv, {
      cuSeqlens,
      heads,
      kvHeads: heads,
      headDim,
      scale: 1 / Math.sqrt(headDim),
      maxLength: host.maxLength,
      random: maskOf(training, `${layer.path}.attention`, attentionP),
    }); // [T C]
    const attended = addLayerNorm(linear(context, dense(layer.attended)), {
      residual: x,
      ...normal(layer.attendedNorm),
      eps,
      random: maskOf(training, `${layer.path}.attention.output`, p),
    });
    const inner = linear(attended, dense(layer.intermediate)); // [T 4C], before its activation: the next product applies it
    const output = linear(inner, { ...dense(layer.output), before: activations[hidden_act] }); // [T C]
    return addLayerNorm(output, {
      residual: attended,
      ...normal(layer.outputNorm),
      eps,
      random: maskOf(training, `${layer.path}.output`, p),
    });
  }
}

const dense = ({ weight, bias }: LinearParameters) => ({ weight: weight.value, bias: bias.value });
const normal = ({ weight, bias }: NormParameters) => ({ weight: weight.value, bias: bias.value });

function declareLayer(store: ParameterStore, path: string, config: BertConfig): Layer {
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = config;
  const initial = { normal: std };
  return {
    path,
    query: declareLinear(store, `${path}.attention.self.query`, [width, width], initial),
    key: declareLinear(store, `${path}.attention.self.key`, [width, width], initial),
    value: declareLinear(store, `${path}.attention.self.value`, [width, width], initial),
    attended: declareLinear(store, `${path}.attention.output.dense`, [width, width], initial),
    attendedNorm: declareNorm(store, `${path}.attention.output.LayerNorm`, width),
    intermediate: declareLinear(store, `${path}.intermediate.dense`, [inner, width], initial),
    output: declareLinear(store, `${path}.output.dense`, [width, inner], initial),
    outputNorm: declareNorm(store, `${path}.output.LayerNorm`, width),
  };
}

function parseConfig(config: unknown): BertConfig {
  const parsed = bertConfig.safeParse(config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const got = valueAt(config, issue.path);
    throw configError(issue.path.join("."), { problem: issue.message, got: show(got) });
  }
  const { hidden_size: width, num_attention_heads: heads } = parsed.data;
  if (width % heads !== 0) {
    throw configError("hidden_size", { expected: `a multiple of num_attention_heads (${heads})`, got: String(width) });
  }
  return parsed.data;
}

function configError(key: string, details: { problem?: string; expected?: string; got: string }): AttuneError {
  return new AttuneError({ code: "E_CONFIG", place: ["config.json", key].filter(Boolean).join(" "), ...details });
}
