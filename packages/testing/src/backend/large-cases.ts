// Cases of many tiles, blocks and vectors, too large for files: what small cases cannot reach in a blocked kernel.

import { i32, randomMask } from "../op-cases/draw.ts";
import type { CaseTable } from "../op-cases/draw.ts";
import { completeCases } from "../op-cases/index.ts";
import type { OpCases } from "../op-cases/index.ts";

const cases: CaseTable = {
  matmul: (draw) => [
    {
      name: "many tiles",
      inputs: { a: draw.normal([131, 70]), b: draw.normal([70, 97]) },
      attributes: { transA: false, transB: false, alpha: 1 },
      terms: 131,
    },
    {
      name: "many tiles, transposed",
      inputs: { a: draw.normal([70, 131]), b: draw.normal([97, 70]) },
      attributes: { transA: true, transB: true, alpha: 0.5 },
      terms: 131,
    },
    {
      name: "one row, long sums",
      inputs: { a: draw.normal([1, 1100]), b: draw.normal([33, 1100]) },
      attributes: { transA: false, transB: true, alpha: 1 },
      terms: 1100,
    },
  ],
  linear: (draw) => [
    {
      name: "many tiles",
      inputs: {
        x: draw.normal([131, 70]),
        weight: [draw.normal([97, 70]), draw.normal([32, 70])],
        bias: [draw.normal([97]), draw.normal([32])],
      },
      attributes: { before: "none", after: "gelu", lowScale: 0 },
      terms: 131,
    },
    {
      name: "bf16 to f32, many tiles",
      inputs: { x: draw.narrow([131, 71]), weight: [draw.normal([97, 71]), draw.normal([32, 71])] },
      attributes: { before: "none", after: "none", lowScale: 0, out: "f32" },
      terms: 71,
      gradient: "defined",
      exact: true,
    },
    {
      name: "bf16, many tiles, gelu before",
      inputs: { x: draw.narrow([131, 70]), weight: [draw.normal([97, 70], { scale: 0.1 })], bias: [draw.normal([97])] },
      attributes: { before: "gelu", after: "none", lowScale: 0 },
      gradient: "defined",
    },
    {
      name: "bf16 normal, many tiles",
      inputs: {
        x: draw.normal([131, 70]),
        normal: draw.narrow([131, 70]),
        gamma: draw.normal([70]),
        beta: draw.normal([70]),
        weight: [draw.normal([97, 70], { scale: 0.1 }), draw.normal([32, 70], { scale: 0.1 })],
        bias: [draw.normal([97]), draw.normal([32])],
      },
      attributes: { before: "none", after: "none", lowScale: 0 },
      gradient: "defined",
    },
  ],
  layerNorm: (draw) => [
    {
      name: "model width",
      inputs: { x: draw.normal([67, 384]), weight: draw.normal([384]), bias: draw.normal([384]) },
      attributes: { eps: 1e-12 },
      terms: 384,
    },
  ],
  addLayerNorm: (draw) => [
    {
      name: "model width",
      inputs: { x: draw.normal([67, 384]), residual: draw.normal([67, 384]), weight: draw.normal([384]), bias: draw.normal([384]) },
      attributes: { eps: 1e-12, random: randomMask },
      terms: 384,
    },
    {
      name: "bf16, model width",
      inputs: { x: draw.narrow([67, 384]), residual: draw.normal([67, 384]), weight: draw.normal([384]), bias: draw.normal([384]) },
      attributes: { eps: 1e-12, keep: "bf16", random: randomMask },
      gradient: "defined",
    },
  ],
  softmax: (draw) => [{ name: "long rows", inputs: { x: draw.normal([5, 1030], { scale: 4 }) }, terms: 1030 }],
  crossEntropy: (draw) => [
    {
      name: "long rows",
      inputs: { logits: draw.normal([70, 333], { scale: 4 }), targets: draw.integers([70], 333) },
      attributes: { smoothing: 0, ignoreIndex: -100 },
      terms: 333,
    },
  ],
  attention: (draw) => [
    {
      name: "many tiles",
      inputs: { qkv: draw.normal([150, 6 * 32], { scale: 0.5 }), cuSeqlens: i32([5], [0, 70, 71, 71, 150]) },
      attributes: { heads: 2, kvHeads: 2, headDim: 32, scale: 0.25, windowLeft: -1, windowRight: -1, maxLength: 79 },
      terms: 79,
      widen: 4,
    },
    {
      name: "many tiles, causal, grouped, dropout",
      inputs: { qkv: draw.normal([130, 6 * 16], { scale: 0.5 }), cuSeqlens: i32([3], [0, 65, 130]) },
      attributes: { heads: 4, kvHeads: 1, headDim: 16, scale: 0.25, windowLeft: 40, windowRight: 0, maxLength: 65, random: randomMask },
      terms: 65,
      widen: 4,
    },
    {
      name: "bf16, many tiles",
      inputs: { qkv: draw.narrow([150, 6 * 32], { scale: 0.5 }), cuSeqlens: i32([5], [0, 70, 71, 71, 150]) },
      attributes: { heads: 2, kvHeads: 2, headDim: 32, scale: 0.25, windowLeft: -1, windowRight: -1, maxLength: 79 },
      gradient: "defined",
    },
    {
      name: "bf16, many tiles, dropout",
      inputs: { qkv: draw.narrow([130, 6 * 16], { scale: 0.5 }), cuSeqlens: i32([3], [0, 65, 130]) },
      attributes: { heads: 2, kvHeads: 2, headDim: 16, scale: 0.25, windowLeft: -1, windowRight: -1, maxLength: 65, random: randomMask },
      gradient: "defined",
    },
  ],
  sumEmbeddings: (draw) => [
    {
      name: "many tokens",
      inputs: { tables: [draw.normal([50, 96]), draw.normal([20, 96])], ids: [draw.integers([300], 50), draw.integers([300], 20)] },
      terms: 300,
    },
  ],
  sumOfSquares: (draw) => [{ name: "several blocks", inputs: { xs: [draw.normal([70001]), draw.normal([3])] }, terms: 70000 }],
  transpose: (draw) => [{ name: "many tiles", inputs: { x: draw.normal([3, 67, 45]) }, attributes: { permutation: [1, 2, 0] } }],
  sum: (draw) => [
    { name: "many rows", inputs: { x: draw.normal([1030, 67]) }, attributes: { axis: 0, keep: false }, terms: 1030 },
    { name: "everything", inputs: { x: draw.normal([1030, 67]) }, attributes: { keep: false }, terms: 70000 },
  ],
  adamw: (draw) => {
    const shape = [300, 67];
    const inputs = {
      parameter: draw.normal(shape),
      gradient: draw.normal(shape),
      m: draw.normal(shape, { scale: 0.1 }),
      v: draw.uniform(shape, 0.01, 0.5),
    };
    return [
      {
        name: "many blocks",
        inputs: { ...inputs, control: { dtype: "f32", shape: [4], data: [1, 1, 1, 10] } },
        attributes: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 },
      },
    ];
  },
};

/** The cases with what the reference gives. */
export function largeCases(): readonly OpCases[] {
  return completeCases(cases, "large").filter((one) => one.cases.length > 0);
}
