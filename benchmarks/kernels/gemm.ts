// Products at the shapes that training meets: dense layers forward, towards the input and towards the weights; and score matrices in every
// transposition, which are small and skinny.

import { linear, matmul } from "@attune/tensor";
import { operand, precisions } from "../lib/kernel-case.ts";
import type { KernelCase, Precision } from "../lib/kernel-case.ts";

/** T tokens, K in, N out. */
const layers = [
  { model: "MiniLM attention", t: 8192, k: 384, n: 384 },
  { model: "MiniLM qkv", t: 8192, k: 384, n: 1152 },
  { model: "MiniLM up", t: 8192, k: 384, n: 1536 },
  { model: "MiniLM down", t: 8192, k: 1536, n: 384, before: "gelu" },
  { model: "BERT up", t: 2048, k: 768, n: 3072 },
  { model: "BERT down", t: 2048, k: 3072, n: 768, before: "gelu" },
  { model: "Qwen2-0.5B qkv", t: 1024, k: 896, n: 1152 },
  { model: "Qwen2-0.5B gate and up", t: 1024, k: 896, n: 9728 },
  { model: "Qwen2-0.5B down", t: 1024, k: 4864, n: 896 },
  { model: "a query", t: 16, k: 384, n: 1536 },
] as const;

/** M anchors, N candidates, D. */
const scores = [
  { m: 32, n: 32, d: 384 },
  { m: 64, n: 384, d: 384 },
  { m: 512, n: 512, d: 768 },
] as const;

type Layer = (typeof layers)[number];

function layerCase(layer: Layer, precision: Precision): KernelCase {
  const { model, t, k, n } = layer;
  const before = "before" in layer ? layer.before : "none";
  const cost = { flops: 2 * t * k * n };
  return {
    name: `${model} [${t} ${k}]·[${k} ${n}]${before === "none" ? "" : `, ${before} before`}`,
    precision,
    costs: { linear: cost, linearInputGrad: cost, linearWeightGrad: cost },
    build(make, size) {
      const tokens = size === "full" ? t : Math.min(t, 19);
      const x = make.parameter([tokens, k]);
      const weight = make.parameter([n, k]);
      const bias = make.parameter([n]);
      return () => linear(operand(x.value, precision), { weight: weight.value, bias: bias.value, before });
    },
  };
}

function scoreCase({ m, n, d }: (typeof scores)[number], transA: boolean, transB: boolean): KernelCase {
  return {
    name: `scores ${transA ? `[${d} ${m}]ᵀ` : `[${m} ${d}]`}·${transB ? `[${n} ${d}]ᵀ` : `[${d} ${n}]`}`,
    precision: "fp32",
    costs: { matmul: { flops: 2 * m * n * d } },
    build(make) {
      const a = make.floats(transA ? [d, m] : [m, d]);
      const b = make.floats(transB ? [n, d] : [d, n]);
      return () => matmul(a, b, { transA, transB, alpha: 20 });
    },
  };
}

/** Every product case. */
export function gemmCases(): KernelCase[] {
  const dense = precisions.flatMap((precision) => layers.map((layer) => layerCase(layer, precision)));
  const flags = [false, true];
  return [...dense, ...scores.flatMap((score) => flags.flatMap((transA) => flags.map((transB) => scoreCase(score, transA, transB))))];
}
