// What is bound by memory: norms, GELU, table look-up and its gradient, the loss, the optimiser. Bytes are those that must move at least once;
// the fraction is of a streaming copy, so a kernel that computes much per byte stays below 1.

import {
  adamw,
  addLayerNorm,
  concat,
  gelu,
  layerNorm,
  softmaxCrossEntropy,
  sumEmbeddings,
  sumOfSquares,
  updateControl,
} from "@attune/tensor";
import type { KernelCase } from "../lib/kernel-case.ts";

const precision = "fp32" as const;
const random = { p: 0.1, seed: 1, step: 0, site: 7, row: 0 };

/** Bytes of `count` f32 values that are read or written `times`. */
const bytes = (count: number, times: number) => ({ bytes: 4 * count * times });

function normCases(t: number, c: number): KernelCase[] {
  const rows = (size: "full" | "small"): number => (size === "full" ? t : 67);
  return [
    {
      name: `layer norm [${t} ${c}]`,
      precision,
      costs: { layerNorm: bytes(t * c, 2), layerNormGrad: bytes(t * c, 3) },
      build(make, size) {
        const [x, weight, bias] = [make.parameter([rows(size), c]), make.parameter([c]), make.parameter([c])];
        return () => layerNorm(x.value, { weight: weight.value, bias: bias.value, eps: 1e-12 });
      },
    },
    {
      name: `dropout, residual, layer norm [${t} ${c}]`,
      precision,
      costs: { addLayerNorm: bytes(t * c, 4), addLayerNormGrad: bytes(t * c, 4) },
      build(make, size) {
        const [x, residual] = [make.parameter([rows(size), c]), make.parameter([rows(size), c], { scale: 0.7 })];
        const [weight, bias] = [make.parameter([c]), make.parameter([c])];
        return () => addLayerNorm(x.value, { residual: residual.value, weight: weight.value, bias: bias.value, eps: 1e-12, random }).y;
      },
    },
  ];
}

const geluCase: KernelCase = {
  name: "GELU [8192 1536]",
  precision,
  costs: { unary: bytes(8192 * 1536, 2), activationGrad: bytes(8192 * 1536, 3) },
  build(make, size) {
    const x = make.parameter([size === "full" ? 8192 : 67, 1536], { scale: 8 });
    return () => gelu(x.value);
  },
};

const embeddingCase: KernelCase = {
  name: "embeddings of 8192 tokens, table [30522 384]",
  precision,
  costs: { sumEmbeddings: bytes(8192 * 384, 4), embeddingGrad: bytes(8192 * 384, 3) },
  build(make, size) {
    const [tokens, vocabulary] = size === "full" ? [8192, 30_522] : [67, 101];
    const tables = [make.parameter([vocabulary, 384]), make.parameter([512, 384]), make.parameter([2, 384])];
    const ids = [vocabulary, 512, 2].map((rows) => make.integers(Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % rows)));
    return () =>
      sumEmbeddings(
        tables.map((table) => table.value),
        ids,
      );
  },
};

function lossCase(rows: number, classes: number): KernelCase {
  return {
    name: `softmax cross entropy [${rows} ${classes}]`,
    precision,
    costs: { crossEntropy: bytes(rows * classes, 1), crossEntropyGrad: bytes(rows * classes, 2) },
    build(make) {
      const logits = make.parameter([rows, classes], { scale: 20 });
      const targets = make.integers(Int32Array.from({ length: rows }, (_, i) => i % classes));
      return () => softmaxCrossEntropy(logits.value, targets);
    },
  };
}

const adamwCase: KernelCase = {
  name: "AdamW, 22.7 M parameters",
  precision,
  costs: { adamw: bytes(22_700_000, 7), sumOfSquares: bytes(22_700_000, 1) },
  build(make, size) {
    const count = size === "full" ? 22_700_000 : 1001;
    const [parameter, gradient, m] = [make.floats([count]), make.floats([count], { scale: 0.1 }), make.floats([count], { scale: 0.01 })];
    const [v, applied] = [make.floats([count], { scale: 0 }), make.integers(Int32Array.of(0))];
    const options = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
    return () => {
      const control = updateControl({ squares: sumOfSquares([gradient]), applied }, { maxNorm: 1, gradientScale: 1 });
      adamw({ parameter, gradient, m, v, control }, options);
      return size === "full" ? control : concat([parameter, m, v], { axis: 0 });
    };
  },
};

/** Every case that memory bounds. */
export function rowCases(): KernelCase[] {
  const norms = [...normCases(8192, 384), ...normCases(2048, 768)];
  return [...norms, geluCase, embeddingCase, lossCase(32, 192), lossCase(512, 4096), adamwCase];
}
