// The head of transformers' BertForSequenceClassification: the first token through the pooler (dense, tanh), then one linear layer.
// Dropout before the last layer belongs to training a reranker and is not here.

import { AttuneError } from "@attune/core";
import { gather, linear } from "@attune/tensor";
import type { DeviceTokens, Tensor } from "@attune/tensor";
import type { ClassificationHead } from "./classifier.ts";
import { declareLinear } from "./linear.ts";
import type { LinearParameters } from "./linear.ts";
import type { Encoder } from "./model.ts";

/** Declares `pooler.dense` [C C] and `classifier` [L C] in the encoder's store. */
export function createBertClassifier({ store, hiddenSize: width }: Encoder, labels: number): ClassificationHead {
  const initial = { normal: 0.02 };
  const pooler = declareLinear(store, "pooler.dense", [width, width], initial);
  const classifier = declareLinear(store, "classifier", [labels, width], initial);
  const { engine } = store;
  return {
    labels,
    isOutside: (name) => name.startsWith("classifier."),
    forward: (hidden, tokens) =>
      engine.labelled("classifier", () => {
        const first = gather(hidden, engine.from(firstTokens(tokens))); // [B C]
        const pooled = linear(first, { ...valuesOf(pooler), after: "tanh" }); // [B C]
        return linear(pooled, valuesOf(classifier)); // [B L]
      }),
  };
}

const valuesOf = ({ weight, bias }: LinearParameters): { weight: Tensor; bias: Tensor } => ({ weight: weight.value, bias: bias.value });

function firstTokens({ host: { cuSeqlens }, texts }: DeviceTokens): Int32Array {
  for (let i = 0; i < texts; i++) {
    if (cuSeqlens[i] === cuSeqlens[i + 1])
      throw new AttuneError({ code: "E_EMPTY", place: `text ${i}`, problem: "has no token to classify" });
  }
  return cuSeqlens.slice(0, texts);
}
