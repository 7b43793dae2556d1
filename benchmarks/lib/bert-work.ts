// A BERT with random weights, its training step and its encoding: the same parts in the same order as @attune/train and @attune/embedding run
// them, without texts, files or events. Only enqueues; whoever measures awaits the backend.

import { infonce } from "@attune/losses";
import type { Loss } from "@attune/losses";
import { bertFamily } from "@attune/nn";
import type { Encoder } from "@attune/nn";
import { adamw, decayGroups } from "@attune/optim";
import type { Optimizer } from "@attune/optim";
import { mean } from "@attune/pooling";
import { l2Normalize, slice, uploadTokens } from "@attune/tensor";
import type { Engine, PackedTokens, Tensor } from "@attune/tensor";
import type { Training } from "@attune/nn";
import { tokensOf } from "./lengths.ts";
import type { BatchLengths } from "./lengths.ts";
import { configOf } from "./sizes.ts";
import type { ModelSize } from "./sizes.ts";

export class BertWork implements Disposable {
  readonly engine: Engine;
  readonly size: ModelSize;
  readonly #encoder: Encoder;
  readonly #loss: Loss;
  #optimizer: Optimizer | undefined;
  #step = 0;

  constructor(engine: Engine, size: ModelSize) {
    this.engine = engine;
    this.size = size;
    this.#encoder = bertFamily.create(engine, configOf(size));
    this.#encoder.store.parameters.forEach((parameter, i) => {
      const values = new Float32Array(parameter.value.size);
      if (/LayerNorm.weight$/.test(parameter.name)) values.fill(1);
      else if (!parameter.name.endsWith(".bias")) fillUniform(values, i + 1, 0.035); // the spread of BERT's initial weights
      parameter.write(values);
    });
    this.#loss = infonce.create(infonce.options.parse({ temperature: 0.05 }), undefined as never) as Loss;
  }

  /** One step: forward with dropout, InfoNCE, backward, clipping, AdamW. The loss tensor is the caller's to dispose. */
  train({ anchors, lengths }: BatchLengths): Tensor {
    const { engine } = this;
    this.#optimizer ??= this.#makeOptimizer();
    const optimizer = this.#optimizer;
    const tokens = tokensOf(lengths, this.size.vocabulary);
    const step = this.#step++;
    return engine.scope(() => {
      const loss = engine.scope(() => {
        const embeddings = this.#embed(tokens, { seed: 1, step, row: 0 });
        const texts = lengths.length;
        const anchor = slice(embeddings, { axis: 0, start: 0, end: anchors });
        const candidates = slice(embeddings, { axis: 0, start: anchors, end: texts });
        const negatives = (texts - 2 * anchors) / anchors;
        const targets = Int32Array.from({ length: anchors }, (_, i) => i);
        const groups = Int32Array.from({ length: texts - anchors }, (_, i) => (i < anchors ? i : Math.floor((i - anchors) / negatives)));
        const value = this.#loss.compute({ anchor, candidates, targets, groups });
        engine.backward(value);
        return value;
      });
      optimizer.step({ learningRate: 2e-5, maxNorm: 1, gradientScale: 1 });
      return loss;
    });
  }

  /** Normalised mean vectors [B C] of texts of these lengths; the caller disposes. */
  encode(lengths: readonly number[]): Tensor {
    return this.engine.noGradient(() => this.engine.scope(() => this.#embed(tokensOf(lengths, this.size.vocabulary))));
  }

  [Symbol.dispose](): void {
    this.#optimizer?.[Symbol.dispose]();
    this.#encoder.store[Symbol.dispose]();
  }

  #embed(tokens: PackedTokens, training?: Training): Tensor {
    const uploaded = uploadTokens(this.engine, tokens);
    const { hidden } = this.#encoder.forward(uploaded, training ? { training } : {}); // [T C]
    return l2Normalize(mean.pool(hidden, uploaded)); // [B C]
  }

  #makeOptimizer(): Optimizer {
    const factory = adamw.create(adamw.options.parse({}), undefined as never);
    return (factory as { create(groups: ReturnType<typeof decayGroups>): Optimizer }).create(
      decayGroups(this.#encoder.store.parameters, 0.01),
    );
  }
}

/** Values in [-most, most) from a linear congruence: fast, the same everywhere. */
function fillUniform(values: Float32Array, seed: number, most: number): void {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * most;
  }
}
