// Cases of functions of one tensor, of two with broadcasting, and of masks.

import { f32, i32, randomMask, special } from "./draw.ts";
import type { CaseInput, CaseTable, Draw } from "./draw.ts";
import type { Values } from "./format.ts";

const LARGE = f32([9], [-80, -20.5, -8, -1, 0.25, 1, 8, 20.5, 80]);

/** Sizes that leave tails in every vector width, and none at all. */
function sizes(make: (shape: readonly number[]) => Values): CaseInput[] {
  return [
    { name: "odd sizes", inputs: { x: make([3, 5]) } },
    { name: "one element", inputs: { x: make([1, 1]) } },
    { name: "scalar", inputs: { x: make([]) } },
    { name: "wide", inputs: { x: make([37]) } },
    { name: "empty", inputs: { x: make([0, 4]) } },
  ];
}

const everywhere = (draw: Draw): CaseInput[] => [
  ...sizes((shape) => draw.awayFromZero(shape)),
  { name: "large", inputs: { x: LARGE } },
  { name: "special", inputs: { x: special }, gradient: "none" },
];

const positive = (draw: Draw): CaseInput[] => [
  ...sizes((shape) => draw.uniform(shape, 0.25, 4)),
  { name: "large", inputs: { x: f32([4], [0.0078125, 1, 80, 1000]) }, gradient: "defined" },
  { name: "special", inputs: { x: special }, gradient: "none" },
];

const activations = ["gelu", "geluTanh", "relu", "silu", "tanh", "sigmoid"] as const;

export const unaryCases: CaseTable = {
  ...Object.fromEntries(
    ["neg", "abs", "square", "exp", "erf", "softplus", "logSigmoid", "log1pRelu", ...activations].map((op) => [op, everywhere]),
  ),
  ...Object.fromEntries(["sqrt", "log"].map((op) => [op, positive])),
  reciprocal: (draw) => [...sizes((shape) => draw.awayFromZero(shape)), { name: "special", inputs: { x: special }, gradient: "none" }],

  affine: (draw) => [
    ...sizes((shape) => draw.normal(shape)).map((one) => ({ ...one, attributes: { scale: -2.5, shift: 0.75 } })),
    { name: "special", inputs: { x: special }, attributes: { scale: 2, shift: 1 }, gradient: "none" },
  ],

  activationGrad: (draw) =>
    activations.flatMap((activation) => [
      { name: `${activation} odd sizes`, inputs: { x: draw.awayFromZero([3, 7]), dy: draw.normal([3, 7]) }, attributes: { activation } },
      { name: `${activation} large`, inputs: { x: LARGE, dy: draw.normal([9]) }, attributes: { activation } },
      { name: `${activation} wide`, inputs: { x: draw.normal([35], { scale: 3 }), dy: draw.normal([35]) }, attributes: { activation } },
    ]),

  cast: (draw) => [
    { name: "to i32 truncates", inputs: { x: f32([6], [-2.75, -1, -0.5, 0, 0.5, 3.9]) }, attributes: { dtype: "i32" }, gradient: "none" },
    {
      name: "to i32: NaN, infinities and what is too large",
      inputs: { x: f32([8], [NaN, Infinity, -Infinity, 3e9, -3e9, 2 ** 70, 2 ** 31, -(2 ** 31)]) },
      attributes: { dtype: "i32" },
      gradient: "none",
    },
    { name: "i32 to float", inputs: { x: draw.integers([3, 5], 1000) }, attributes: { dtype: "f32" }, gradient: "none" },
    { name: "mask to float", inputs: { x: draw.mask([7]) }, attributes: { dtype: "f32" }, gradient: "none" },
    { name: "copy", inputs: { x: draw.normal([3, 3]) }, attributes: { dtype: "f32" } },
    {
      name: "bf16 from f32: ties to even, NaN, infinities, overflow",
      inputs: { x: f32([10], [1.00390625, 1.01171875, -1.00390625, 1.0039063, NaN, Infinity, -Infinity, 3.4e38, 0, 1e-30]) },
      attributes: { dtype: "bf16" },
      gradient: "none",
    },
    { name: "bf16 from f32, wide", inputs: { x: draw.normal([3, 37]) }, attributes: { dtype: "bf16" }, gradient: "defined" },
    { name: "bf16 to f32", inputs: { x: draw.narrow([5, 7]) }, attributes: { dtype: "f32" }, gradient: "defined", exact: true },
    {
      name: "to a mask: 1 where not zero",
      inputs: { x: f32([9], [0, -0, 0.5, -0.25, 1, 256, -1, NaN, Infinity]) },
      attributes: { dtype: "u8" },
      gradient: "none",
    },
    { name: "i32 to a mask", inputs: { x: i32([5], [0, 1, -1, 256, 3]) }, attributes: { dtype: "u8" }, gradient: "none" },
    {
      name: "u8 as it is",
      inputs: { x: { dtype: "u8", shape: [5], data: [0, 1, 2, 128, 255] } },
      attributes: { dtype: "u8" },
      gradient: "none",
    },
  ],

  dropout: (draw) => [
    { name: "odd sizes", inputs: { x: draw.normal([5, 13]) }, attributes: { random: randomMask } },
    { name: "three axes", inputs: { x: draw.normal([2, 3, 9]) }, attributes: { random: { ...randomMask, p: 0.5 } } },
    { name: "nothing dropped", inputs: { x: draw.normal([2, 3]) }, attributes: { random: { ...randomMask, p: 0 } } },
    {
      name: "last row of the counter",
      inputs: { x: draw.normal([1, 20]) },
      attributes: { random: { ...randomMask, row: 2 ** 32 - 1, step: 2 ** 32 - 1 } },
    },
  ],
};

/** Pairs of shapes that broadcast in every way. */
const shapes: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["same shape", [3, 5], [3, 5]],
  ["rows share b", [4, 5], [5]],
  ["column times row", [4, 1], [5]],
  ["inner axis repeats", [2, 3, 4], [3, 1]],
  ["b has more axes", [3], [2, 1, 3]],
  ["scalar", [], [2, 2]],
  ["size-1 axes", [1, 1], [1]],
  ["wide", [2, 37], [37]],
  ["empty", [0, 3], [3]],
];

function pairs(a: (shape: readonly number[]) => Values, b = a): CaseInput[] {
  return shapes.map(([name, left, right]) => ({ name, inputs: { a: a(left), b: b(right) } }));
}

const specialPair = {
  a: f32([8], [NaN, 1, NaN, Infinity, -Infinity, Infinity, 0, 2]),
  b: f32([8], [1, NaN, NaN, Infinity, 1, -Infinity, 0, 2]),
};
const specialCase: CaseInput = { name: "special", inputs: specialPair, gradient: "none" };

const comparison = (draw: Draw): CaseInput[] => [
  ...pairs((shape) => draw.integersAsFloats(shape, 3)).map((one) => ({ ...one, gradient: "none" as const })),
  specialCase,
];

export const binaryCases: CaseTable = {
  ...Object.fromEntries(["add", "sub", "mul"].map((op) => [op, (draw: Draw) => [...pairs((shape) => draw.normal(shape)), specialCase]])),
  ...Object.fromEntries(["greater", "less", "equal"].map((op) => [op, comparison])),
  ...Object.fromEntries(["maximum", "minimum"].map((op) => [op, (draw: Draw) => [...extremes(draw), specialCase]])),
  div: (draw) => [
    ...pairs(
      (shape) => draw.normal(shape),
      (shape) => draw.awayFromZero(shape),
    ),
    specialCase,
  ],

  where: (draw) => [
    { name: "same shape", inputs: { condition: draw.mask([3, 5]), a: draw.normal([3, 5]), b: draw.normal([3, 5]) } },
    { name: "all broadcast", inputs: { condition: draw.mask([3, 1]), a: draw.normal([2, 1, 5]), b: draw.normal([5]) } },
    { name: "scalars", inputs: { condition: draw.mask([2, 3]), a: draw.normal([]), b: draw.normal([1]) } },
    {
      name: "not taken NaN",
      inputs: { condition: { dtype: "u8", shape: [3], data: [1, 0, 1] }, a: f32([3], [1, NaN, 2]), b: f32([3], [NaN, 3, NaN]) },
      gradient: "none",
    },
  ],

  maskFill: (draw) => [
    {
      name: "minus infinity",
      inputs: { x: draw.normal([3, 5]), mask: draw.mask([3, 5]) },
      attributes: { value: -Infinity },
      gradient: "defined",
    },
    { name: "row mask", inputs: { x: draw.normal([3, 5]), mask: draw.mask([5]) }, attributes: { value: 0 } },
    { name: "column mask", inputs: { x: draw.normal([2, 3, 4]), mask: draw.mask([3, 1]) }, attributes: { value: 1.5 } },
    {
      name: "masked NaN",
      inputs: { x: f32([3], [NaN, 1, NaN]), mask: { dtype: "u8", shape: [3], data: [1, 0, 0] } },
      attributes: { value: 7 },
      gradient: "none",
    },
  ],
};

/** Pairs that are not equal, and one case of ties. */
function extremes(draw: Draw): CaseInput[] {
  const apart = pairs(
    (shape) => draw.integersAsFloats(shape, 7),
    (shape) => draw.integersAsFloats(shape, 7, 0.5),
  );
  return [...apart, { name: "ties", inputs: { a: f32([3], [1, 2, 3]), b: f32([3], [1, 3, 3]) }, gradient: "defined" }];
}
