// Attention by length mix. The backward pass counts as twice the forward one: what it recomputes is not credited.

import { attention } from "@attune/tensor";
import { operand, precisions } from "../lib/kernel-case.ts";
import type { KernelCase, Precision } from "../lib/kernel-case.ts";
import { pairs } from "../lib/lengths.ts";

interface Mix {
  readonly name: string;
  readonly lengths: readonly number[];
}

const equal = (length: number): Mix => ({
  name: `texts of ${length}`,
  lengths: Array.from({ length: Math.floor(8192 / length) }, () => length),
});

function mixes(): Mix[] {
  return [
    { name: "SciFact batch of 32", lengths: pairs("scifact-train", { size: 32, most: 256 }).lengths },
    { name: "STS-B batch of 64", lengths: pairs("stsb-train", { size: 64, most: 256 }).lengths },
    equal(32),
    equal(128),
    equal(512),
  ];
}

const heads = [
  { heads: 12, headDim: 32 },
  { heads: 12, headDim: 64 },
] as const;

function attentionCase({ name, lengths }: Mix, shape: (typeof heads)[number], precision: Precision): KernelCase {
  const { heads, headDim } = shape;
  const forward = 4 * heads * headDim * lengths.reduce((sum, length) => sum + length * length, 0);
  return {
    name: `${name}, ${heads} heads of ${headDim}`,
    precision,
    costs: { attention: { flops: forward }, attentionGrad: { flops: 2 * forward } },
    build(make, size) {
      const own = size === "full" ? lengths : [5, 0, 33, 64];
      const offsets = new Int32Array(own.length + 1);
      own.forEach((length, i) => (offsets[i + 1] = offsets[i] + length));
      const cuSeqlens = make.integers(offsets);
      const qkv = make.parameter([offsets[own.length], 3 * heads * headDim], { scale: 2 });
      const options = { cuSeqlens, heads, kvHeads: heads, headDim, scale: 1 / Math.sqrt(headDim), maxLength: Math.max(...own) };
      return () => attention(operand(qkv.value, precision), options);
    },
  };
}

/** Every attention case. */
export function attentionCases(): KernelCase[] {
  return precisions.flatMap((precision) => mixes().flatMap((mix) => heads.map((shape) => attentionCase(mix, shape, precision))));
}
