// Ops to which bf16 is only how their operands lie in memory: a backend without a kernel for it gives what the reference gives, computed in f32 and
// rounded once. Not in the files, which are for kernels.

import { i32, randomMask } from "../op-cases/draw.ts";
import type { CaseInput, CaseTable, Draw } from "../op-cases/draw.ts";
import { completeCases } from "../op-cases/index.ts";
import type { OpCases } from "../op-cases/index.ts";

const name = "stored in bf16";
const gradient = "defined";

const unary = (draw: Draw): CaseInput[] => [{ name, inputs: { x: draw.narrow([3, 7]) }, gradient }];
const binary = (draw: Draw): CaseInput[] => [{ name, inputs: { a: draw.narrow([3, 5]), b: draw.narrow([5]) }, gradient }];
const comparison = (draw: Draw): CaseInput[] => binary(draw).map((one) => ({ ...one, gradient: "none" }));
const alongRows = (draw: Draw): CaseInput[] => unary(draw).map((one) => ({ ...one, attributes: { axis: 1, keep: false } }));

const offsets = i32([4], [1, 3, 3, 6]);

const cases: CaseTable = {
  ...Object.fromEntries(["neg", "square", "exp", "erf", "relu", "gelu", "silu", "tanh", "softplus", "cumsum"].map((op) => [op, unary])),
  ...Object.fromEntries(["softmax", "logSoftmax", "logsumexp"].map((op) => [op, unary])),
  ...Object.fromEntries(["add", "sub", "mul", "maximum", "minimum"].map((op) => [op, binary])),
  ...Object.fromEntries(["greater", "less", "equal"].map((op) => [op, comparison])),
  ...Object.fromEntries(["sum", "mean", "max"].map((op) => [op, alongRows])),
  affine: (draw) => [{ name, inputs: { x: draw.narrow([3, 7]) }, attributes: { scale: -2.5, shift: 0.75 }, gradient }],
  activationGrad: (draw) => [{ name, inputs: { x: draw.narrow([3, 7]), dy: draw.narrow([3, 7]) }, attributes: { activation: "gelu" } }],
  where: (draw) => [{ name, inputs: { condition: draw.mask([3, 1]), a: draw.narrow([3, 5]), b: draw.narrow([5]) }, gradient }],
  maskFill: (draw) => [{ name, inputs: { x: draw.narrow([3, 5]), mask: draw.mask([5]) }, attributes: { value: 1.5 }, gradient }],
  dropout: (draw) => [{ name, inputs: { x: draw.narrow([5, 13]) }, attributes: { random: randomMask }, gradient }],
  cast: (draw) => [
    { name: "a mask to bf16", inputs: { x: draw.mask([7]) }, attributes: { dtype: "bf16" }, gradient: "none" },
    { name: "integers to bf16", inputs: { x: draw.integers([3, 5], 1000) }, attributes: { dtype: "bf16" }, gradient: "none" },
    { name: "bf16 to integers", inputs: { x: draw.narrow([9], { scale: 20 }) }, attributes: { dtype: "i32" }, gradient: "none" },
    { name: "bf16 to a mask", inputs: { x: draw.narrow([9]) }, attributes: { dtype: "u8" }, gradient: "none" },
  ],
  scatterAdd: (draw) => [
    { name, inputs: { x: draw.narrow([6, 3]), index: i32([6], [2, 0, 2, 3, 3, 1]) }, attributes: { rows: 5 }, gradient },
  ],
  scatterLast: (draw) => [
    { name, inputs: { x: draw.narrow([3, 2]), index: draw.integers([3, 2], 5) }, attributes: { width: 5 }, gradient },
  ],
  topk: (draw) => [{ name, inputs: { x: draw.narrow([3, 7]) }, attributes: { k: 3 }, gradient }],
  crossEntropy: (draw) => [
    {
      name,
      inputs: { logits: draw.narrow([3, 7]), targets: i32([3], [0, 6, 2]) },
      attributes: { smoothing: 0.1, ignoreIndex: -100 },
      gradient,
    },
  ],
  matmul: (draw) => [
    { name, inputs: { a: draw.narrow([3, 5]), b: draw.narrow([4, 5]) }, attributes: { transA: false, transB: true, alpha: 0.5 }, gradient },
  ],
  rmsNorm: (draw) => [{ name, inputs: { x: draw.narrow([3, 7]), weight: draw.narrow([7]) }, attributes: { eps: 1e-6 }, gradient }],
  l2Normalize: (draw) => [{ name, inputs: { x: draw.narrow([3, 7]) }, attributes: { eps: 1e-12 }, gradient }],
  gated: (draw) => [{ name, inputs: { x: draw.narrow([3, 10]) }, attributes: { activation: "silu", activated: "first" }, gradient }],
  rotary: (draw) => [
    {
      name,
      inputs: { x: draw.narrow([3, 9]), positions: i32([3], [0, 1, 2]), frequencies: draw.uniform([2], 0.1, 1) },
      attributes: { heads: 2, headDim: 4, scale: 1, inverse: false },
      gradient,
    },
  ],
  sumEmbeddings: (draw) => [
    { name, inputs: { tables: [draw.narrow([7, 5]), draw.narrow([4, 5])], ids: [draw.integers([6], 7), draw.integers([6], 4)] }, gradient },
  ],
  segmentSum: (draw) => [{ name, inputs: { x: draw.narrow([9, 5]), offsets }, attributes: { norm: "mean" }, gradient }],
  segmentExpand: (draw) => [{ name, inputs: { x: draw.narrow([3, 5]), offsets }, attributes: { norm: "sum", rows: 9 }, gradient }],
  segmentMax: (draw) => [{ name, inputs: { x: draw.narrow([9, 5]), offsets }, gradient }],
  segmentLogsumexp: (draw) => [{ name, inputs: { x: draw.narrow([9]), offsets }, gradient }],
  sumOfSquares: (draw) => [{ name, inputs: { xs: [draw.narrow([3, 5]), draw.narrow([7])] } }],
};

/** The cases with what the reference gives. */
export function storedCases(): readonly OpCases[] {
  return completeCases(cases, "stored").filter((one) => one.cases.length > 0);
}
