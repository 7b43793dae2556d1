// Cases of the softmax family, cross entropy and segment reductions.

import { f32, i32 } from "./draw.ts";
import type { CaseInput, CaseTable, Draw } from "./draw.ts";
import type { ForwardOf } from "./forward.ts";

const rows = (draw: Draw): CaseInput[] => [
  { name: "odd sizes", inputs: { x: draw.normal([3, 7]) }, terms: 7 },
  { name: "one column", inputs: { x: draw.normal([4, 1]) } },
  { name: "three axes", inputs: { x: draw.normal([2, 3, 5]) }, terms: 5 },
  { name: "wide", inputs: { x: draw.normal([2, 67], { scale: 3 }) }, terms: 67 },
  { name: "large", inputs: { x: f32([2, 3], [-80, 0, 80, 80, 80, 79]) } },
  { name: "huge", inputs: { x: f32([2, 3], [-1000, 0, 1000, 1000, 999, 998]) }, gradient: "defined" },
  { name: "no rows", inputs: { x: draw.normal([0, 3]) } },
  { name: "minus infinity", inputs: { x: f32([2, 3], [0, -Infinity, 1, -Infinity, -Infinity, 2]) }, gradient: "defined" },
  { name: "all minus infinity", inputs: { x: f32([2, 2], [-Infinity, -Infinity, 0, 0]) }, gradient: "none" },
  { name: "plus infinity", inputs: { x: f32([1, 3], [0, Infinity, 1]) }, gradient: "none" },
  { name: "NaN stays in its row", inputs: { x: f32([2, 3], [0, NaN, 1, 0, 1, 2]) }, gradient: "none" },
];

export const softmaxCases: CaseTable = {
  softmax: rows,
  logSoftmax: rows,
  logsumexp: rows,
};

const crossEntropyInputs = (draw: Draw): CaseInput[] => [
  {
    name: "classes",
    inputs: { logits: draw.normal([3, 7]), targets: i32([3], [0, 6, 2]) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
    terms: 7,
  },
  {
    name: "smoothed",
    inputs: { logits: draw.normal([3, 5]), targets: i32([3], [4, 1, 1]) },
    attributes: { smoothing: 0.1, ignoreIndex: -100 },
    terms: 5,
  },
  {
    name: "ignored rows",
    inputs: { logits: draw.normal([4, 3]), targets: i32([4], [-100, 1, 2, -100]) },
    attributes: { smoothing: 0.2, ignoreIndex: -100 },
    terms: 3,
  },
  {
    name: "a class ignored",
    inputs: { logits: draw.normal([3, 3]), targets: i32([3], [0, 1, 0]) },
    attributes: { smoothing: 0, ignoreIndex: 0 },
    terms: 3,
  },
  {
    name: "soft targets",
    inputs: { logits: draw.normal([3, 5]), targets: draw.uniform([3, 5], 0, 0.5) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
    terms: 5,
  },
  {
    name: "soft and smoothed",
    inputs: { logits: draw.normal([2, 4]), targets: draw.uniform([2, 4], 0, 0.5) },
    attributes: { smoothing: 0.3, ignoreIndex: -100 },
    terms: 4,
  },
  {
    name: "one class",
    inputs: { logits: draw.normal([3, 1]), targets: i32([3], [0, 0, 0]) },
    attributes: { smoothing: 0.1, ignoreIndex: -100 },
  },
  { name: "no rows", inputs: { logits: draw.normal([0, 4]), targets: i32([0], []) }, attributes: { smoothing: 0, ignoreIndex: -100 } },
  {
    name: "wide",
    inputs: { logits: draw.normal([2, 67], { scale: 4 }), targets: i32([2], [66, 13]) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
    terms: 67,
  },
  {
    name: "large",
    inputs: { logits: f32([2, 3], [-80, 0, 80, 80, 79, 80]), targets: i32([2], [0, 1]) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
  },
  {
    name: "excluded",
    inputs: { logits: f32([2, 4], [1, -Infinity, 0.5, 2, -Infinity, -Infinity, 3, 1]), targets: i32([2], [3, 2]) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
    gradient: "defined",
  },
  {
    name: "excluded and smoothed",
    inputs: { logits: f32([2, 4], [1, -Infinity, 0.5, 2, -Infinity, -Infinity, 3, 1]), targets: i32([2], [3, 2]) },
    attributes: { smoothing: 0.2, ignoreIndex: -100 },
    gradient: "defined",
  },
  {
    name: "nothing that is not excluded",
    inputs: { logits: f32([2, 3], [-Infinity, -Infinity, -Infinity, 1, 2, 3]), targets: i32([2], [1, 0]) },
    attributes: { smoothing: 0, ignoreIndex: -100 },
    gradient: "defined",
  },
];

export const crossEntropyCases: CaseTable = { crossEntropy: crossEntropyInputs };

/** Gradient ops, whose inputs are what the forward op gave. */
export function softmaxGradCases(forward: ForwardOf): CaseTable {
  return {
    softmaxGrad: (draw) =>
      rows(draw)
        .filter(({ gradient }) => gradient !== "none")
        .map(({ name, inputs, terms }) => ({ name, inputs: { y: forward("softmax", { inputs }).y, dy: draw.like(inputs.x) }, terms })),
    crossEntropyGrad: (draw) =>
      crossEntropyInputs(draw).map(({ name, inputs, attributes, terms }) => {
        const { lse } = forward("crossEntropy", { inputs, attributes });
        return { name, inputs: { ...inputs, lse, dLoss: draw.like(lse) }, attributes, terms };
      }),
  };
}

const OFFSETS = i32([6], [0, 3, 3, 4, 9, 9]);

/** Of nine rows, two lie before the first text and three behind the last. */
const OUTSIDE = i32([4], [2, 3, 3, 6]);

const segments = (draw: Draw, norm: string): CaseInput[] => [
  { name: `${norm}, empty texts`, inputs: { x: draw.normal([9, 5]), offsets: OFFSETS }, attributes: { norm }, terms: 5 },
  { name: `${norm}, three axes`, inputs: { x: draw.normal([4, 2, 3]), offsets: i32([3], [0, 1, 4]) }, attributes: { norm }, terms: 3 },
];

const expansions = (draw: Draw, norm: string): CaseInput[] => [
  { name: `${norm}, empty texts`, inputs: { x: draw.normal([5, 3]), offsets: OFFSETS }, attributes: { norm, rows: 9 } },
  { name: `${norm}, one axis`, inputs: { x: draw.normal([2]), offsets: i32([3], [0, 1, 4]) }, attributes: { norm, rows: 4 } },
];

const norms = ["sum", "mean", "sqrt"];

export const segmentCases: CaseTable = {
  segmentSum: (draw) => [
    ...norms.flatMap((norm) => segments(draw, norm)),
    { name: "no text", inputs: { x: draw.normal([0, 3]), offsets: i32([1], [0]) }, attributes: { norm: "mean" } },
    { name: "wide", inputs: { x: draw.normal([20, 37]), offsets: i32([3], [0, 17, 20]) }, attributes: { norm: "mean" }, terms: 17 },
    { name: "rows of no text", inputs: { x: draw.normal([9, 5]), offsets: OUTSIDE }, attributes: { norm: "sum" }, terms: 3 },
  ],
  segmentExpand: (draw) => [
    ...norms.flatMap((norm) => expansions(draw, norm)),
    { name: "rows of no text", inputs: { x: draw.normal([3, 37]), offsets: OUTSIDE }, attributes: { norm: "mean", rows: 9 } },
    { name: "no text, but rows", inputs: { x: draw.normal([0, 3]), offsets: i32([1], [2]) }, attributes: { norm: "sum", rows: 5 } },
  ],
  segmentMax: (draw) => [
    { name: "empty texts", inputs: { x: draw.distinct([9, 5]), offsets: OFFSETS } },
    { name: "wide", inputs: { x: draw.distinct([6, 37]), offsets: i32([3], [0, 5, 6]) } },
    { name: "first of ties", inputs: { x: f32([4, 2], [1, 2, 1, 2, 0, 3, 5, 3]), offsets: i32([3], [0, 2, 4]) }, gradient: "defined" },
    { name: "NaN", inputs: { x: f32([3, 2], [1, 2, NaN, 3, 4, -Infinity]), offsets: i32([2], [0, 3]) }, gradient: "none" },
    { name: "no text, but rows", inputs: { x: draw.distinct([5, 3]), offsets: i32([1], [2]) } },
  ],
  segmentMaxGrad: (draw) => [
    { name: "empty text", inputs: { dy: draw.normal([3, 2]), index: i32([3, 2], [1, 0, -1, -1, 2, 4]) }, attributes: { rows: 5 } },
    { name: "no text, but rows", inputs: { dy: draw.normal([0, 2]), index: i32([0, 2], []) }, attributes: { rows: 5 } },
  ],
  segmentLogsumexp: (draw) => [
    { name: "empty segments", inputs: { x: draw.normal([9]), offsets: OFFSETS }, terms: 5, gradient: "defined" },
    { name: "full segments", inputs: { x: draw.normal([7], { scale: 3 }), offsets: i32([4], [0, 1, 3, 7]) }, terms: 4 },
    { name: "large", inputs: { x: f32([5], [80, -80, 1000, 999, -1000]), offsets: i32([4], [0, 2, 4, 5]) }, gradient: "defined" },
    {
      name: "minus infinity",
      inputs: { x: f32([4], [-Infinity, -Infinity, -Infinity, 1]), offsets: i32([3], [0, 2, 4]) },
      gradient: "defined",
    },
    { name: "values of no segment", inputs: { x: draw.normal([9]), offsets: OUTSIDE }, terms: 3, gradient: "defined" },
    {
      name: "large values, infinities and NaN of no segment",
      inputs: { x: f32([8], [1000, NaN, 1, 2, 0.5, Infinity, 1000, -Infinity]), offsets: i32([2], [2, 5]) },
      terms: 3,
    },
  ],
};
