// BERT: post-norm encoder with learned positions and token types. One fused product for q, k and v; texts are packed, so no token is padding.
// Backward keeps ten values per token, layer and hidden unit: both norms' normalised values (which products read, too), q, k and v, the context,
// and the four of the inner layer before its activation. With `compute` bf16 these are bf16; the residual stream never is.
// Also what MiniLM and bge are. Parameter names are those of transformers' BertModel.

import { AttuneError, definePlugin, show, valueAt } from "@attune/core";
import { addLayerNorm, attention, cast, checkpoint, dropout, layerNormed, linear, sumEmbeddings } from "@attune/tensor";
import type { Activation, DeviceTokens, Engine, LinearOptions, RandomMask, Tensor } from "@attune/tensor";
import { z } from "zod";
import { createBertClassifier } from "./bert-classifier.ts";
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

/** The residual stream between layers: x, and where x is a norm's own result the normalised values, which products read in its place. */
interface Stream {
  /** [T C] */
  readonly x: Tensor;
  readonly normal?: LinearOptions["normal"];
}

/** The BERT family: `model_type` bert. Semantics and names of transformers' BertModel without its pooler. */
export const bertFamily: ModelFamily = {
  modelTypes: ["bert"],
  prefixes: ["bert."],
  currentName: (name) => name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias"), // as TensorFlow had them
  create: (engine, config) => new BertEncoder(engine, parseConfig(config)),
  classifier: createBertClassifier,
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
    const { x, layers } = this.#through(this.#layers.length, tokens, { training, keepLayers, recompute });
    return { hidden: x, ...(layers && { layers }) };
  }

  /** The embeddings and the first `count` layers; each sublayer in a scope within that of the next, so that what one was given goes when it is done. */
  #through(count: number, tokens: DeviceTokens, options: ForwardOptions): Stream & { layers?: readonly Tensor[] } {
    const { training, keepLayers, recompute } = options;
    const { engine } = this.store;
    return engine.scope(() => {
      if (count === 0) {
        const stream = engine.labelled("embeddings", () => this.#embed(tokens, training)); // [T C]
        return { ...stream, ...(keepLayers && { layers: [stream.x] }) };
      }
      const layer = this.#layers[count - 1];
      const { layers, ...middle } = engine.scope(() => {
        const { layers: before, ...input } = this.#through(count - 1, tokens, options);
        const attend = (): Stream => this.#attend(layer, input, tokens, training);
        return { ...(recompute ? input : engine.labelled(layer.path, attend)), ...(before && { layers: before }) };
      });
      // a recomputed layer starts from x alone: its normalised values would be a second tensor to keep
      const again = (x: Tensor): Tensor =>
        engine.scope(() => this.#feedForward(layer, this.#attend(layer, { x }, tokens, training), training).x);
      const run = (): Stream => (recompute ? { x: checkpoint(again, middle.x) } : this.#feedForward(layer, middle, training));
      const stream = engine.labelled(layer.path, run);
      return { ...stream, ...(layers && { layers: [...layers, stream.x] }) };
    });
  }

  #embed({ ids, positions, typeIds }: DeviceTokens, training: Training | undefined): Stream {
    const { layer_norm_eps: eps, hidden_dropout_prob: p } = this.#config;
    const summed = sumEmbeddings(
      this.#tables.map((table) => table.value),
      [ids, positions, typeIds],
    ); // [T C]
    const random = maskOf(training, "embeddings.dropout", p);
    const { y, normal } = layerNormed(summed, { ...normParameters(this.#norm), eps, keep: this.store.engine.compute });
    return random ? { x: dropout(y, random) } : streamOf(y, normal, this.#norm);
  }

  /** The second sublayer with its norm. */
  #feedForward(layer: Layer, { x, normal }: Stream, training: Training | undefined): Stream {
    const { hidden_act, hidden_dropout_prob: p } = this.#config;
    const inner = linear(x, { ...dense(layer.intermediate), ...(normal && { normal }), kept: true }); // [T 4C], before its activation
    // what goes to the residual stream is not rounded on the way
    const output = linear(inner, { ...dense(layer.output), before: activations[hidden_act], out: this.store.engine.float }); // [T C]
    return this.#join(output, x, layer.outputNorm, maskOf(training, `${layer.path}.output`, p));
  }

  /** The attention sublayer with its norm. */
  #attend(layer: Layer, { x, normal }: Stream, { cuSeqlens, host }: DeviceTokens, training: Training | undefined): Stream {
    const { num_attention_heads: heads, hidden_dropout_prob: p, attention_probs_dropout_prob: attentionP } = this.#config;
    const { compute, float } = this.store.engine;
    const headDim = this.hiddenSize / heads;
    const qkv = linear(normal ? x : cast(x, compute), {
      ...(normal && { normal }),
      kept: true,
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
    const output = linear(context, { ...dense(layer.attended), out: float }); // [T C]
    return this.#join(output, x, layer.attendedNorm, maskOf(training, `${layer.path}.attention.output`, p));
  }

  /** The end of a sublayer: dropout, residual, norm. */
  #join(x: Tensor, residual: Tensor, norm: NormParameters, random: RandomMask | undefined): Stream {
    const { layer_norm_eps: eps } = this.#config;
    const { y, normal } = addLayerNorm(x, { residual, ...normParameters(norm), eps, keep: this.store.engine.compute, random });
    return streamOf(y, normal, norm);
  }
}

const dense = ({ weight, bias }: LinearParameters) => ({ weight: weight.value, bias: bias.value });
const normParameters = ({ weight, bias }: NormParameters) => ({ weight: weight.value, bias: bias.value });
const streamOf = (x: Tensor, values: Tensor, { weight, bias }: NormParameters): Stream => ({
  x,
  normal: { values, gamma: weight.value, beta: bias.value },
});

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
