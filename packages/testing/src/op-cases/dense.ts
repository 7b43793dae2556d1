// Cases of matrix products and dense layers.

import { f32, randomMask } from "./draw.ts";
import type { CaseTable } from "./draw.ts";
import { linear, lowRank, narrowInputGrads, narrowLinears, narrowWeightGrads, normedLinears } from "./linear-operands.ts";

const plain = { transA: false, transB: false, alpha: 1 };

export const matmulCases: CaseTable = {
  matmul: (draw) => [
    { name: "odd sizes", inputs: { a: draw.normal([3, 5]), b: draw.normal([5, 7]) }, attributes: plain, terms: 5 },
    { name: "size-1 axes", inputs: { a: draw.normal([1, 1]), b: draw.normal([1, 1]) }, attributes: plain },
    {
      name: "b transposed",
      inputs: { a: draw.normal([3, 5]), b: draw.normal([4, 5]) },
      attributes: { ...plain, transB: true, alpha: -0.5 },
      terms: 5,
    },
    { name: "a transposed", inputs: { a: draw.normal([5, 3]), b: draw.normal([5, 2]) }, attributes: { ...plain, transA: true }, terms: 5 },
    {
      name: "both transposed",
      inputs: { a: draw.normal([5, 3]), b: draw.normal([2, 5]) },
      attributes: { transA: true, transB: true, alpha: 2 },
      terms: 5,
    },
    { name: "stacks", inputs: { a: draw.normal([2, 3, 4]), b: draw.normal([2, 4, 2]) }, attributes: plain, terms: 4 },
    {
      name: "stacks, transposed",
      inputs: { a: draw.normal([2, 4, 3]), b: draw.normal([2, 2, 4]) },
      attributes: { transA: true, transB: true, alpha: 1 },
      terms: 4,
    },
    { name: "shared b", inputs: { a: draw.normal([2, 3, 4]), b: draw.normal([4, 2]) }, attributes: plain, terms: 6 },
    {
      name: "shared b, transposed",
      inputs: { a: draw.normal([2, 3, 4]), b: draw.normal([5, 4]) },
      attributes: { ...plain, transB: true },
      terms: 6,
    },
    { name: "shared a", inputs: { a: draw.normal([3, 4]), b: draw.normal([2, 4, 2]) }, attributes: plain, terms: 4 },
    {
      name: "tiles and tails",
      inputs: { a: draw.normal([17, 19]), b: draw.normal([35, 19]) },
      attributes: { ...plain, transB: true },
      terms: 35,
    },
    { name: "no rows", inputs: { a: draw.normal([0, 3]), b: draw.normal([3, 2]) }, attributes: plain },
    { name: "no terms", inputs: { a: draw.normal([2, 0]), b: draw.normal([0, 3]) }, attributes: plain },
    {
      name: "NaN stays in its row",
      inputs: { a: f32([2, 2], [1, NaN, 2, 3]), b: f32([2, 2], [1, 2, 3, 4]) },
      attributes: plain,
      gradient: "none",
    },
  ],
};

export const linearCases: CaseTable = {
  linear: (draw) => [
    { name: "no bias", inputs: { x: draw.normal([3, 5]), weight: [draw.normal([7, 5])] }, attributes: linear, terms: 5 },
    {
      name: "bias",
      inputs: { x: draw.normal([3, 5]), weight: [draw.normal([4, 5])], bias: [draw.normal([4])] },
      attributes: linear,
      terms: 5,
    },
    {
      name: "three weights",
      inputs: {
        x: draw.normal([3, 5]),
        weight: [draw.normal([4, 5]), draw.normal([2, 5]), draw.normal([3, 5])],
        bias: [draw.normal([4]), draw.normal([2]), draw.normal([3])],
      },
      attributes: linear,
      terms: 5,
    },
    {
      name: "gelu after",
      inputs: { x: draw.normal([3, 5]), weight: [draw.normal([4, 5])], bias: [draw.normal([4])] },
      attributes: { ...linear, after: "gelu" },
      terms: 5,
    },
    {
      name: "gelu before",
      inputs: { x: draw.normal([3, 5]), weight: [draw.normal([4, 5])], bias: [draw.normal([4])] },
      attributes: { ...linear, before: "gelu" },
      terms: 5,
    },
    {
      name: "silu before, tanh after",
      inputs: { x: draw.normal([2, 3]), weight: [draw.normal([3, 3]), draw.normal([1, 3])] },
      attributes: { ...linear, before: "silu", after: "tanh" },
      terms: 3,
    },
    {
      name: "low rank",
      inputs: { x: draw.normal([3, 5]), weight: [draw.normal([4, 5])], bias: [draw.normal([4])], ...lowRank(draw, 5, 4) },
      attributes: { ...linear, lowScale: 0.5 },
      terms: 10,
    },
    {
      name: "low rank, dropout, activations",
      inputs: { x: draw.normal([4, 9]), weight: [draw.normal([3, 9]), draw.normal([2, 9])], ...lowRank(draw, 9, 5) },
      attributes: { before: "gelu", after: "sigmoid", lowScale: 2, random: randomMask },
      terms: 18,
    },
    {
      name: "one of each",
      inputs: { x: draw.normal([1, 1]), weight: [draw.normal([1, 1])], bias: [draw.normal([1])] },
      attributes: linear,
    },
    { name: "no tokens", inputs: { x: draw.normal([0, 3]), weight: [draw.normal([2, 3])], bias: [draw.normal([2])] }, attributes: linear },
    {
      name: "tiles and tails",
      inputs: { x: draw.normal([17, 19]), weight: [draw.normal([35, 19])], bias: [draw.normal([35])] },
      attributes: { ...linear, after: "gelu" },
      terms: 35,
    },
    ...normedLinears(draw),
    ...narrowLinears(draw),
  ],

  linearInputGrad: (draw) => [
    { name: "plain", inputs: { dy: draw.normal([3, 4]), weight: [draw.normal([4, 5])] }, attributes: { before: "none" }, terms: 4 },
    {
      name: "addend",
      inputs: { dy: draw.normal([3, 4]), weight: [draw.normal([4, 5])], addend: draw.normal([3, 5]) },
      attributes: { before: "none" },
      terms: 4,
    },
    {
      name: "three weights, gelu before, addend",
      inputs: {
        dy: draw.normal([3, 6]),
        weight: [draw.normal([1, 5]), draw.normal([3, 5]), draw.normal([2, 5])],
        x: draw.normal([3, 5]),
        addend: draw.normal([3, 5]),
      },
      attributes: { before: "gelu" },
      terms: 6,
    },
    {
      name: "tiles and tails",
      inputs: { dy: draw.normal([17, 19]), weight: [draw.normal([19, 35])] },
      attributes: { before: "none" },
      terms: 19,
    },
    ...narrowInputGrads(draw),
  ],

  linearWeightGrad: (draw) => [
    {
      name: "overwrite",
      inputs: { dy: draw.normal([3, 4]), x: draw.normal([3, 5]), dWeight: [draw.normal([4, 5])], dBias: [draw.normal([4])] },
      attributes: { before: "none", accumulateWeight: [false], accumulateBias: [false], parts: [{ row: 0, rows: 4, weight: 0, bias: 0 }] },
      terms: 3,
    },
    {
      name: "accumulate, gelu before",
      inputs: { dy: draw.normal([5, 2]), x: draw.normal([5, 3]), dWeight: [draw.normal([2, 3])], dBias: [draw.normal([2])] },
      attributes: { before: "gelu", accumulateWeight: [true], accumulateBias: [true], parts: [{ row: 0, rows: 2, weight: 0, bias: 0 }] },
      terms: 5,
    },
    {
      name: "three parts, some frozen",
      inputs: {
        dy: draw.normal([3, 6]),
        x: draw.normal([3, 2]),
        dWeight: [draw.normal([1, 2]), draw.normal([2, 2])],
        dBias: [draw.normal([3])],
      },
      attributes: {
        before: "none",
        accumulateWeight: [true, false],
        accumulateBias: [false],
        parts: [
          { row: 0, rows: 1, weight: 0, bias: -1 },
          { row: 1, rows: 3, weight: -1, bias: 0 },
          { row: 4, rows: 2, weight: 1, bias: -1 },
        ],
      },
      terms: 3,
    },
    {
      name: "tiles and tails",
      inputs: { dy: draw.normal([35, 17]), x: draw.normal([35, 19]), dWeight: [draw.normal([17, 19])], dBias: [] },
      attributes: { before: "none", accumulateWeight: [false], accumulateBias: [], parts: [{ row: 0, rows: 17, weight: 0, bias: -1 }] },
      terms: 35,
    },
    {
      name: "no tokens",
      inputs: { dy: draw.normal([0, 2]), x: draw.normal([0, 3]), dWeight: [draw.normal([2, 3])], dBias: [draw.normal([2])] },
      attributes: { before: "none", accumulateWeight: [false], accumulateBias: [true], parts: [{ row: 0, rows: 2, weight: 0, bias: 0 }] },
    },
    ...narrowWeightGrads(draw),
  ],
};
