// Cases of reductions, of ops that move elements, and of indices.

import { f32, i32 } from "./draw.ts";
import type { CaseTable, Draw } from "./draw.ts";

const reductions = (draw: Draw) => [
  { name: "last axis", inputs: { x: draw.normal([3, 7]) }, attributes: { axis: 1, keep: false }, terms: 7 },
  { name: "first axis, kept", inputs: { x: draw.normal([5, 3]) }, attributes: { axis: 0, keep: true }, terms: 5 },
  { name: "middle axis", inputs: { x: draw.normal([2, 4, 3]) }, attributes: { axis: 1, keep: false }, terms: 4 },
  { name: "everything", inputs: { x: draw.normal([3, 5]) }, attributes: { keep: false }, terms: 15 },
  { name: "everything, kept", inputs: { x: draw.normal([2, 3]) }, attributes: { keep: true }, terms: 6 },
  { name: "size-1 axis", inputs: { x: draw.normal([3, 1]) }, attributes: { axis: 1, keep: false } },
  { name: "wide", inputs: { x: draw.normal([2, 67]) }, attributes: { axis: 1, keep: false }, terms: 67 },
  { name: "tall", inputs: { x: draw.normal([67, 3]) }, attributes: { axis: 0, keep: false }, terms: 67 },
  { name: "no rows", inputs: { x: draw.normal([0, 3]) }, attributes: { axis: 1, keep: false } },
  {
    name: "NaN stays in its row",
    inputs: { x: f32([2, 3], [1, NaN, 2, 3, 4, 5]) },
    attributes: { axis: 1, keep: false },
    gradient: "none" as const,
  },
];

export const reduceCases: CaseTable = {
  sum: (draw) => [...reductions(draw), { name: "of nothing", inputs: { x: draw.normal([2, 0]) }, attributes: { axis: 1, keep: false } }],
  mean: reductions,

  max: (draw) => [
    { name: "last axis", inputs: { x: draw.distinct([3, 7]) }, attributes: { axis: 1, keep: false } },
    { name: "first axis, kept", inputs: { x: draw.distinct([5, 3]) }, attributes: { axis: 0, keep: true } },
    { name: "middle axis", inputs: { x: draw.distinct([2, 4, 3]) }, attributes: { axis: 1, keep: false } },
    { name: "size-1 axis", inputs: { x: draw.distinct([3, 1]) }, attributes: { axis: 1, keep: true } },
    { name: "wide", inputs: { x: draw.distinct([2, 67]) }, attributes: { axis: 1, keep: false } },
    {
      name: "first of ties",
      inputs: { x: f32([2, 4], [1, 3, 3, 2, 5, 5, 5, 5]) },
      attributes: { axis: 1, keep: false },
      gradient: "defined",
    },
    {
      name: "minus infinity",
      inputs: { x: f32([2, 2], [-Infinity, -Infinity, -Infinity, 1]) },
      attributes: { axis: 1, keep: false },
      gradient: "none",
    },
    {
      name: "first NaN",
      inputs: { x: f32([2, 4], [1, NaN, 3, NaN, Infinity, 2, NaN, 1]) },
      attributes: { axis: 1, keep: false },
      gradient: "none",
    },
  ],

  cumsum: (draw) => [
    { name: "odd sizes", inputs: { x: draw.normal([3, 7]) }, terms: 7 },
    { name: "one column", inputs: { x: draw.normal([4, 1]) } },
    { name: "one axis", inputs: { x: draw.normal([19]) }, terms: 19 },
    { name: "NaN from there on", inputs: { x: f32([2, 3], [1, NaN, 2, 3, 4, 5]) }, gradient: "none" },
  ],
};

export const moveCases: CaseTable = {
  reshape: (draw) => [
    { name: "flatten", inputs: { x: draw.normal([2, 3]) }, attributes: { shape: [6] } },
    { name: "more axes", inputs: { x: draw.normal([6]) }, attributes: { shape: [1, 3, 2, 1] } },
    { name: "to a scalar", inputs: { x: draw.normal([1, 1]) }, attributes: { shape: [] } },
  ],
  slice: (draw) => [
    { name: "rows", inputs: { x: draw.normal([5, 3]) }, attributes: { axis: 0, start: 1, end: 4 } },
    { name: "no rows", inputs: { x: draw.normal([5, 3]) }, attributes: { axis: 0, start: 2, end: 2 } },
    { name: "columns", inputs: { x: draw.normal([3, 7]) }, attributes: { axis: 1, start: 2, end: 5 } },
    { name: "middle axis", inputs: { x: draw.normal([2, 5, 3]) }, attributes: { axis: 1, start: 4, end: 5 } },
    { name: "wide", inputs: { x: draw.normal([2, 50]) }, attributes: { axis: 1, start: 3, end: 40 } },
    { name: "integers", inputs: { x: draw.integers([3, 4], 100) }, attributes: { axis: 1, start: 1, end: 3 }, gradient: "none" },
  ],
  pad: (draw) => [
    { name: "rows", inputs: { x: draw.normal([2, 3]) }, attributes: { axis: 0, before: 1, after: 2 } },
    { name: "columns", inputs: { x: draw.normal([3, 2]) }, attributes: { axis: 1, before: 2, after: 0 } },
    { name: "middle axis", inputs: { x: draw.normal([2, 2, 3]) }, attributes: { axis: 1, before: 0, after: 3 } },
    { name: "nothing to pad", inputs: { x: draw.normal([2, 0]) }, attributes: { axis: 1, before: 2, after: 1 } },
  ],
  concat: (draw) => [
    { name: "one", inputs: { xs: [draw.normal([2, 3])] }, attributes: { axis: 0 } },
    { name: "three along rows", inputs: { xs: [draw.normal([2, 3]), draw.normal([1, 3]), draw.normal([3, 3])] }, attributes: { axis: 0 } },
    {
      name: "three along columns",
      inputs: { xs: [draw.normal([3, 2]), draw.normal([3, 1]), draw.normal([3, 4])] },
      attributes: { axis: 1 },
    },
    {
      name: "middle axis, one empty",
      inputs: { xs: [draw.normal([2, 1, 3]), draw.normal([2, 0, 3]), draw.normal([2, 2, 3])] },
      attributes: { axis: 1 },
    },
    { name: "integers", inputs: { xs: [draw.integers([2], 9), draw.integers([3], 9)] }, attributes: { axis: 0 }, gradient: "none" },
  ],
  transpose: (draw) => [
    { name: "matrix", inputs: { x: draw.normal([3, 5]) }, attributes: { permutation: [1, 0] } },
    { name: "three axes", inputs: { x: draw.normal([2, 3, 5]) }, attributes: { permutation: [2, 0, 1] } },
    { name: "heads", inputs: { x: draw.normal([3, 2, 1, 4]) }, attributes: { permutation: [0, 2, 1, 3] } },
    { name: "blocks and tails", inputs: { x: draw.normal([19, 35]) }, attributes: { permutation: [1, 0] } },
  ],
  broadcastTo: (draw) => [
    { name: "rows", inputs: { x: draw.normal([3]) }, attributes: { shape: [4, 3] } },
    { name: "columns", inputs: { x: draw.normal([3, 1]) }, attributes: { shape: [3, 5] } },
    { name: "both", inputs: { x: draw.normal([2, 1, 3, 1]) }, attributes: { shape: [2, 4, 3, 2] } },
    { name: "scalar", inputs: { x: draw.normal([]) }, attributes: { shape: [2, 3] } },
    { name: "to no rows", inputs: { x: draw.normal([1, 3]) }, attributes: { shape: [0, 3] } },
  ],
};

export const indexCases: CaseTable = {
  gather: (draw) => [
    { name: "repeated rows", inputs: { x: draw.normal([4, 3]), index: i32([6], [2, 0, 2, 3, 3, 1]) } },
    { name: "numbers", inputs: { x: draw.normal([5]), index: draw.integers([7], 5) } },
    { name: "blocks", inputs: { x: draw.normal([3, 2, 2]), index: draw.integers([2], 3) } },
    { name: "none", inputs: { x: draw.normal([3, 2]), index: i32([0], []) } },
    { name: "integers", inputs: { x: draw.integers([4, 2], 50), index: draw.integers([3], 4) }, gradient: "none" },
  ],
  scatterAdd: (draw) => [
    { name: "repeated rows", inputs: { x: draw.normal([6, 3]), index: i32([6], [2, 0, 2, 3, 3, 1]) }, attributes: { rows: 5 } },
    { name: "numbers", inputs: { x: draw.normal([7]), index: draw.integers([7], 3) }, attributes: { rows: 3 } },
    { name: "none", inputs: { x: draw.normal([0, 2]), index: i32([0], []) }, attributes: { rows: 2 } },
  ],
  gatherLast: (draw) => [
    { name: "odd sizes", inputs: { x: draw.normal([3, 5]), index: draw.integers([3, 2], 5) } },
    { name: "repeated", inputs: { x: draw.normal([2, 3]), index: i32([2, 4], [0, 0, 2, 2, 1, 1, 1, 1]) } },
    { name: "three axes", inputs: { x: draw.normal([2, 2, 3]), index: draw.integers([2, 2, 1], 3) } },
    {
      name: "bytes",
      inputs: { x: { dtype: "u8", shape: [3, 5], data: Array.from({ length: 15 }, (_, i) => 17 * i) }, index: draw.integers([3, 7], 5) },
      gradient: "none",
    },
    { name: "integers", inputs: { x: draw.integers([2, 3], 50), index: draw.integers([2, 2], 3) }, gradient: "none" },
    { name: "bf16", inputs: { x: draw.narrow([2, 7]), index: draw.integers([2, 3], 7) }, exact: true, gradient: "defined" },
  ],
  scatterLast: (draw) => [
    { name: "odd sizes", inputs: { x: draw.normal([3, 2]), index: draw.integers([3, 2], 5) }, attributes: { width: 5 } },
    { name: "repeated", inputs: { x: draw.normal([2, 4]), index: i32([2, 4], [0, 0, 2, 2, 1, 1, 1, 1]) }, attributes: { width: 3 } },
  ],
  topk: (draw) => [
    { name: "odd sizes", inputs: { x: draw.distinct([3, 7]) }, attributes: { k: 3 } },
    { name: "all, sorted", inputs: { x: draw.distinct([2, 5]) }, attributes: { k: 5 } },
    { name: "one", inputs: { x: draw.distinct([4, 6]) }, attributes: { k: 1 } },
    { name: "wide", inputs: { x: draw.distinct([2, 67]) }, attributes: { k: 10 } },
    { name: "ties by lower index", inputs: { x: f32([2, 5], [1, 3, 3, 2, 3, 0, 0, 0, 0, 0]) }, attributes: { k: 3 }, gradient: "defined" },
    {
      name: "NaN first",
      inputs: { x: f32([2, 5], [1, NaN, Infinity, NaN, 3, -Infinity, 0, NaN, -Infinity, 2]) },
      attributes: { k: 4 },
      gradient: "none",
    },
    {
      name: "many, with ties and NaN far back",
      inputs: {
        x: f32(
          [2, 150],
          withNaN(
            Array.from({ length: 300 }, (_, i) => (i * 7) % 40),
            [97, 149, 260],
          ),
        ),
      },
      attributes: { k: 9 },
      gradient: "none",
    },
  ],
};

const withNaN = (values: readonly number[], places: readonly number[]): number[] => values.map((x, i) => (places.includes(i) ? NaN : x));
