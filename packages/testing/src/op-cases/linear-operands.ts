// Cases of what a dense layer can read besides f32: bf16, and the normalised values of a norm.

import { randomMask } from "./draw.ts";
import type { CaseInput, Draw } from "./draw.ts";

/** A layer that does nothing but its product. */
export const linear = { before: "none", after: "none", lowScale: 0 };

/** The factors of a low-rank term of rank 2. */
export const lowRank = (draw: Draw, width: number, rows: number) => ({ lowA: draw.normal([2, width]), lowB: draw.normal([rows, 2]) });

const normed = (draw: Draw, shape: readonly [number, number]) => ({
  x: draw.normal(shape),
  gamma: draw.normal([shape[1]]),
  beta: draw.normal([shape[1]]),
});

/** Where x is a norm's result and read as its normalised values: x itself need not even fit to them here, since nothing may read it. */
export const normedLinears = (draw: Draw): CaseInput[] => [
  {
    name: "normal, two weights",
    inputs: {
      ...normed(draw, [3, 5]),
      normal: draw.normal([3, 5]),
      weight: [draw.normal([4, 5]), draw.normal([2, 5])],
      bias: [draw.normal([4]), draw.normal([2])],
    },
    attributes: linear,
    terms: 10,
    gradient: "defined",
  },
  {
    name: "normal, activations and low rank",
    inputs: { ...normed(draw, [3, 5]), normal: draw.normal([3, 5]), weight: [draw.normal([4, 5])], ...lowRank(draw, 5, 4) },
    attributes: { before: "gelu", after: "tanh", lowScale: 0.5 },
    terms: 20,
    gradient: "defined",
  },
  {
    name: "normal, tiles and tails",
    inputs: { ...normed(draw, [31, 37]), normal: draw.normal([31, 37]), weight: [draw.normal([33, 37])], bias: [draw.normal([33])] },
    attributes: linear,
    terms: 75,
    gradient: "defined",
  },
];

/** Products that read bf16. */
export const narrowLinears = (draw: Draw): CaseInput[] =>
  [
    {
      name: "bf16 to f32, odd depth",
      inputs: { x: draw.narrow([3, 5]), weight: [draw.normal([4, 5])], bias: [draw.normal([4])] },
      attributes: { ...linear, out: "f32" },
      terms: 5,
      exact: true,
    },
    {
      name: "bf16, three weights",
      inputs: {
        x: draw.narrow([15, 6]),
        weight: [draw.normal([4, 6]), draw.normal([33, 6]), draw.normal([3, 6])],
        bias: [draw.normal([4]), draw.normal([33]), draw.normal([3])],
      },
      attributes: linear,
    },
    {
      name: "bf16, gelu before",
      inputs: { x: draw.narrow([5, 9]), weight: [draw.normal([4, 9])], bias: [draw.normal([4])] },
      attributes: { ...linear, before: "gelu" },
    },
    {
      name: "bf16, gelu after",
      inputs: { x: draw.narrow([5, 9]), weight: [draw.normal([4, 9])], bias: [draw.normal([4])] },
      attributes: { ...linear, after: "gelu" },
    },
    {
      name: "bf16 from f32",
      inputs: { x: draw.normal([3, 5]), weight: [draw.normal([4, 5])] },
      attributes: { ...linear, out: "bf16" },
    },
    {
      name: "bf16 normal",
      inputs: { ...normed(draw, [17, 19]), normal: draw.narrow([17, 19]), weight: [draw.normal([35, 19])], bias: [draw.normal([35])] },
      attributes: linear,
    },
    {
      name: "bf16 normal to f32",
      inputs: { ...normed(draw, [3, 4]), normal: draw.narrow([3, 4]), weight: [draw.normal([2, 4])] },
      attributes: { ...linear, out: "f32" },
    },
    {
      name: "bf16, low rank, dropout, activations",
      inputs: { x: draw.narrow([4, 9]), weight: [draw.normal([3, 9]), draw.normal([2, 9])], ...lowRank(draw, 9, 5) },
      attributes: { before: "gelu", after: "sigmoid", lowScale: 2, random: randomMask },
    },
    {
      name: "bf16, no tokens",
      inputs: { x: draw.narrow([0, 3]), weight: [draw.normal([2, 3])], bias: [draw.normal([2])] },
      attributes: linear,
    },
  ].map((one) => ({ ...one, gradient: "defined" }));

/** Gradients of products that read bf16, or whose result was bf16. */
export const narrowInputGrads = (draw: Draw): CaseInput[] => [
  {
    name: "bf16 to f32",
    inputs: { dy: draw.narrow([3, 5]), weight: [draw.normal([5, 6])], addend: draw.normal([3, 6]) },
    attributes: { before: "none", out: "f32" },
    terms: 5,
    exact: true,
  },
  {
    name: "bf16, two weights, gelu before",
    inputs: { dy: draw.narrow([17, 7]), weight: [draw.normal([4, 19]), draw.normal([3, 19])], x: draw.narrow([17, 19]) },
    attributes: { before: "gelu" },
  },
  {
    name: "bf16 operand, dy f32, addend",
    inputs: { dy: draw.normal([3, 4]), weight: [draw.normal([4, 5])], addend: draw.narrow([3, 5]) },
    attributes: { before: "none", operand: "bf16" },
  },
  {
    name: "bf16 dy, f32 operand",
    inputs: { dy: draw.narrow([3, 4]), weight: [draw.normal([4, 5])] },
    attributes: { before: "none", operand: "f32" },
    terms: 4,
    exact: true,
  },
];

/** The same towards the weights. */
export const narrowWeightGrads = (draw: Draw): CaseInput[] => {
  const one = { row: 0, rows: 4, weight: 0, bias: 0 };
  const once = { before: "none", accumulateWeight: [false], accumulateBias: [false], parts: [one] };
  return [
    {
      name: "normal, accumulate",
      inputs: {
        dy: draw.normal([5, 4]),
        normal: draw.normal([5, 3]),
        gamma: draw.normal([3]),
        beta: draw.normal([3]),
        dWeight: [draw.normal([4, 3])],
        dBias: [draw.normal([4])],
      },
      attributes: { ...once, accumulateWeight: [true], accumulateBias: [true] },
      terms: 10,
    },
    {
      name: "bf16, odd number of tokens",
      inputs: { dy: draw.narrow([7, 4]), x: draw.narrow([7, 5]), dWeight: [draw.normal([4, 5])], dBias: [draw.normal([4])] },
      attributes: once,
      terms: 7,
      exact: true,
    },
    {
      name: "bf16, dy f32, gelu before, accumulate",
      inputs: { dy: draw.normal([5, 4]), x: draw.narrow([5, 3]), dWeight: [draw.normal([4, 3])], dBias: [draw.normal([4])] },
      attributes: { ...once, before: "gelu", accumulateWeight: [true], accumulateBias: [true] },
    },
    {
      name: "bf16 normal, tiles and tails",
      inputs: {
        dy: draw.narrow([35, 21]),
        normal: draw.narrow([35, 19]),
        gamma: draw.normal([19]),
        beta: draw.normal([19]),
        dWeight: [draw.normal([17, 19]), draw.normal([4, 19])],
        dBias: [draw.normal([4])],
      },
      attributes: {
        before: "none",
        accumulateWeight: [false, true],
        accumulateBias: [false],
        parts: [
          { row: 0, rows: 17, weight: 0, bias: -1 },
          { row: 17, rows: 4, weight: 1, bias: 0 },
        ],
      },
    },
  ];
};
