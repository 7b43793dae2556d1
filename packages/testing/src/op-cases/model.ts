// Cases of embeddings, rotary positions, attention, the optimiser's ops and in-place writes.

import { f32, i32, randomMask } from "./draw.ts";
import type { CaseInput, CaseTable, Draw } from "./draw.ts";
import type { ForwardOf } from "./forward.ts";

export const embeddingCases: CaseTable = {
  sumEmbeddings: (draw) => [
    { name: "one table, repeated ids", inputs: { tables: [draw.normal([4, 3])], ids: [i32([6], [2, 0, 2, 3, 3, 1])] } },
    {
      name: "three tables",
      inputs: {
        tables: [draw.normal([7, 5]), draw.normal([4, 5]), draw.normal([2, 5])],
        ids: [draw.integers([6], 7), i32([6], [0, 1, 2, 3, 0, 1]), draw.integers([6], 2)],
      },
      terms: 3,
    },
    { name: "one row, one column", inputs: { tables: [draw.normal([1, 1])], ids: [i32([1], [0])] } },
    { name: "no tokens", inputs: { tables: [draw.normal([3, 2])], ids: [i32([0], [])] } },
    {
      name: "wide",
      inputs: { tables: [draw.normal([3, 37]), draw.normal([2, 37])], ids: [draw.integers([4], 3), draw.integers([4], 2)] },
      terms: 2,
    },
  ],
  embeddingGrad: (draw) => [
    {
      name: "overwrite",
      inputs: { ids: i32([6], [2, 0, 2, 3, 3, 2]), dy: draw.normal([6, 3]), dTable: draw.normal([5, 3]) },
      attributes: { accumulate: false },
      terms: 3,
    },
    {
      name: "accumulate",
      inputs: { ids: i32([3], [1, 1, 0]), dy: draw.normal([3, 5]), dTable: draw.normal([3, 5]) },
      attributes: { accumulate: true },
      terms: 3,
    },
    {
      name: "no tokens",
      inputs: { ids: i32([0], []), dy: draw.normal([0, 2]), dTable: draw.normal([2, 2]) },
      attributes: { accumulate: false },
    },
  ],
  rotary: (draw) => {
    const frequencies = f32([2], [1, 0.0625]);
    const attributes = { heads: 2, headDim: 4, scale: 1, inverse: false };
    return [
      { name: "all columns", inputs: { x: draw.normal([3, 8]), positions: i32([3], [0, 1, 2]), frequencies }, attributes },
      {
        name: "columns to the right are copied",
        inputs: { x: draw.normal([4, 13]), positions: i32([4], [0, 1, 0, 9]), frequencies },
        attributes,
      },
      {
        name: "backwards, scaled",
        inputs: { x: draw.normal([3, 8]), positions: i32([3], [5, 1, 3]), frequencies },
        attributes: { ...attributes, scale: 1.25, inverse: true },
      },
      {
        name: "two columns",
        inputs: { x: draw.normal([2, 2]), positions: i32([2], [3, 4]), frequencies: f32([1], [0.5]) },
        attributes: { heads: 1, headDim: 2, scale: 1, inverse: false },
      },
      {
        name: "far, the angle rounded to single",
        inputs: { x: draw.normal([2, 4]), positions: i32([2], [5000, 8191]), frequencies: f32([2], [Math.fround(0.5623), 1]) },
        attributes: { ...attributes, heads: 1 },
        single: true,
        gradient: "none",
      },
    ];
  },
};

const base = { scale: 0.5, windowLeft: -1, windowRight: -1 };

function attentions(draw: Draw): CaseInput[] {
  const make = (
    name: string,
    lengths: readonly number[],
    heads: { heads: number; kvHeads: number; headDim: number },
    more: {
      attributes?: object;
      bias?: boolean;
      scale?: number;
      narrow?: boolean;
      outside?: readonly [before: number, behind: number];
    } = {},
  ): CaseInput => {
    const [before, behind] = more.outside ?? [0, 0];
    const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((total, length) => total + length, before));
    const maxLength = Math.max(0, ...lengths);
    const columns = (heads.heads + 2 * heads.kvHeads) * heads.headDim;
    return {
      name,
      inputs: {
        qkv: draw[more.narrow ? "narrow" : "normal"]([(ends.at(-1) ?? before) + behind, columns], { scale: more.scale ?? 1 }),
        cuSeqlens: i32([lengths.length + 1], [before, ...ends]),
        bias: more.bias ? draw.normal([heads.heads, maxLength + 1, maxLength + 1]) : undefined,
      },
      attributes: { ...heads, ...base, maxLength, ...more.attributes },
      terms: maxLength,
      widen: 4,
    };
  };
  const two = { heads: 2, kvHeads: 2, headDim: 3 };
  const grouped = { heads: 4, kvHeads: 2, headDim: 2 };
  return [
    make("bidirectional", [3, 1, 4], two),
    make("empty texts", [0, 2, 0, 3, 0], two),
    make("single tokens", [1, 1, 1], two),
    make("causal", [4, 3], two, { attributes: { windowRight: 0 } }),
    make("window", [6, 2], two, { attributes: { windowLeft: 1, windowRight: 2 } }),
    make("window of oneself", [3], two, { attributes: { windowLeft: 0, windowRight: 0 } }),
    make("grouped heads", [3, 2], grouped),
    make("one key head, causal window", [5], { heads: 3, kvHeads: 1, headDim: 2 }, { attributes: { windowLeft: 2, windowRight: 0 } }),
    make("bias", [3, 1], two, { bias: true }),
    make("dropout", [4, 3], grouped, { attributes: { random: randomMask } }),
    make("bias and dropout", [3, 2], two, { bias: true, attributes: { random: randomMask } }),
    make("one column", [2, 2], { heads: 1, kvHeads: 1, headDim: 1 }),
    make("tiles and tails", [19, 2], { heads: 1, kvHeads: 1, headDim: 9 }),
    { ...make("large scores", [4], two, { scale: 12 }), gradient: "defined", widen: 200 },
    make("no tokens", [], two),
    make("tokens of no text, before and behind", [3, 0, 2], grouped, { outside: [2, 3] }),
    make("no text, but tokens", [], two, { outside: [1, 2] }),
    ...[
      make("bf16", [3, 1, 19], { heads: 2, kvHeads: 2, headDim: 8 }, { narrow: true }),
      make("bf16, causal, grouped", [5, 2], grouped, { narrow: true, attributes: { windowRight: 0 } }),
      make("bf16, dropout", [4, 3], two, { narrow: true, attributes: { random: randomMask } }),
      make("bf16, bias", [3, 1], two, { narrow: true, bias: true }),
      make("bf16, tokens of no text", [3, 2], two, { narrow: true, outside: [1, 2] }),
    ].map((one) => ({ ...one, gradient: "defined" as const, widen: 1 })),
  ];
}

export const attentionCases: CaseTable = { attention: attentions };

/** The gradient op, whose inputs are what the forward op gave. */
export function attentionGradCases(forward: ForwardOf): CaseTable {
  return {
    attentionGrad: (draw) =>
      attentions(draw).map(({ inputs, attributes, ...rest }) => {
        const { y, lse } = forward("attention", { inputs, attributes });
        return { ...rest, inputs: { ...inputs, y, lse, dy: draw.like(y) }, attributes };
      }),
  };
}

const clip = { maxNorm: 1, gradientScale: 1 };
const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

export const optimizerCases: CaseTable = {
  sumOfSquares: (draw) => [
    { name: "one", inputs: { xs: [draw.normal([3, 5])] }, terms: 15 },
    { name: "three", inputs: { xs: [draw.normal([3, 5]), draw.normal([1]), draw.normal([7])] }, terms: 23 },
    { name: "not finite", inputs: { xs: [f32([3], [1, NaN, 2]), draw.normal([2])] } },
    { name: "infinite", inputs: { xs: [f32([2], [Infinity, 1])] } },
  ],
  updateControl: () => [
    { name: "clipped", inputs: { squares: f32([1], [16]), applied: i32([1], [0]) }, attributes: clip },
    { name: "below the limit", inputs: { squares: f32([1], [0.25]), applied: i32([1], [41]) }, attributes: clip },
    { name: "no limit", inputs: { squares: f32([1], [16]), applied: i32([1], [3]) }, attributes: { maxNorm: 0, gradientScale: 0.25 } },
    {
      name: "scaled before clipping",
      inputs: { squares: f32([1], [64]), applied: i32([1], [3]) },
      attributes: { maxNorm: 1, gradientScale: 0.5 },
    },
    { name: "NaN", inputs: { squares: f32([1], [NaN]), applied: i32([1], [5]) }, attributes: clip },
    { name: "infinite", inputs: { squares: f32([1], [Infinity]), applied: i32([1], [5]) }, attributes: { maxNorm: 0, gradientScale: 1 } },
  ],
  adamw: (draw) => {
    const state = (shape: number[]) => ({
      parameter: draw.normal(shape),
      gradient: draw.normal(shape),
      m: draw.normal(shape, { scale: 0.1 }),
      v: draw.uniform(shape, 0, 0.5),
    });
    return [
      {
        name: "first step",
        inputs: { ...state([3, 5]), m: f32([3, 5], Array(15).fill(0)), v: f32([3, 5], Array(15).fill(0)), control: f32([4], [2, 1, 1, 1]) },
        attributes: adam,
      },
      {
        name: "later step, decay, clipped",
        inputs: { ...state([7]), control: f32([4], [2, 0.5, 1, 12]) },
        attributes: { ...adam, weightDecay: 0.1 },
      },
      { name: "wide", inputs: { ...state([37]), control: f32([4], [2, 1, 1, 1000]) }, attributes: { ...adam, beta2: 0.95 } },
      {
        name: "not finite: nothing changes",
        inputs: { ...state([3]), gradient: f32([3], [NaN, 1, 2]), control: f32([4], [NaN, NaN, 0, 5]) },
        attributes: adam,
      },
    ];
  },
};

export const memoryCases: CaseTable = {
  addInto: (draw) => [
    { name: "accumulate", inputs: { destination: draw.normal([3, 5]), x: draw.normal([3, 5]) }, attributes: { accumulate: true } },
    { name: "overwrite", inputs: { destination: f32([3], [NaN, 1, 2]), x: draw.normal([3]) }, attributes: { accumulate: false } },
    { name: "wide", inputs: { destination: draw.normal([37]), x: draw.normal([37]) }, attributes: { accumulate: true } },
    { name: "bf16, accumulate", inputs: { destination: draw.narrow([37]), x: draw.narrow([37]) }, attributes: { accumulate: true } },
    { name: "bf16, overwrite", inputs: { destination: draw.narrow([3, 5]), x: draw.narrow([3, 5]) }, attributes: { accumulate: false } },
  ],
  fillInto: (draw) => [{ name: "zero", inputs: { destination: draw.normal([3, 5]) }, attributes: { value: 0 } }],
  fill: () => [
    { name: "floats", inputs: {}, attributes: { shape: [3, 5], dtype: "f32", value: -1.5 } },
    { name: "minus infinity", inputs: {}, attributes: { shape: [2], dtype: "f32", value: -Infinity } },
    { name: "integers", inputs: {}, attributes: { shape: [7], dtype: "i32", value: -3 } },
    { name: "mask", inputs: {}, attributes: { shape: [3], dtype: "u8", value: 1 } },
    { name: "scalar", inputs: {}, attributes: { shape: [], dtype: "f32", value: 2 } },
  ],
};
