// Cases of norms and gated units.

import { f32, randomMask } from "./draw.ts";
import type { CaseInput, CaseTable, Draw } from "./draw.ts";
import type { Values } from "./format.ts";
import type { ForwardOf } from "./forward.ts";

const layerNorms = (draw: Draw): CaseInput[] => [
  {
    name: "weight and bias",
    inputs: { x: draw.normal([3, 7]), weight: draw.normal([7]), bias: draw.normal([7]) },
    attributes: { eps: 1e-5 },
    terms: 7,
  },
  { name: "weight only", inputs: { x: draw.normal([3, 5]), weight: draw.normal([5]) }, attributes: { eps: 1e-12 }, terms: 5 },
  { name: "neither", inputs: { x: draw.normal([2, 2, 4]) }, attributes: { eps: 1e-5 }, terms: 4 },
  {
    name: "wide",
    inputs: { x: draw.normal([2, 67]), weight: draw.normal([67]), bias: draw.normal([67]) },
    attributes: { eps: 1e-5 },
    terms: 67,
  },
  { name: "one column", inputs: { x: draw.normal([3, 1]), weight: draw.normal([1]), bias: draw.normal([1]) }, attributes: { eps: 1e-5 } },
  { name: "no rows", inputs: { x: draw.normal([0, 3]), weight: draw.normal([3]), bias: draw.normal([3]) }, attributes: { eps: 1e-5 } },
  {
    name: "large mean",
    inputs: { x: draw.normal([2, 8], { mean: 1000 }), weight: draw.normal([8]), bias: draw.normal([8]) },
    attributes: { eps: 1e-5 },
    terms: 8,
    widen: 200,
  },
  {
    name: "NaN stays in its row",
    inputs: { x: f32([2, 2], [1, NaN, 2, 3]), weight: f32([2], [1, 2]) },
    attributes: { eps: 1e-5 },
    gradient: "none",
  },
  {
    name: "bf16 normal",
    inputs: { x: draw.normal([3, 21]), weight: draw.normal([21]), bias: draw.normal([21]) },
    attributes: { eps: 1e-5, keep: "bf16" },
    gradient: "defined",
  },
  {
    name: "bf16 x",
    inputs: { x: draw.narrow([2, 2, 9]), weight: draw.normal([9]), bias: draw.normal([9]) },
    attributes: { eps: 1e-5 },
    gradient: "defined",
  },
];

const rmsNorms = (draw: Draw): CaseInput[] => [
  { name: "weight", inputs: { x: draw.normal([3, 7]), weight: draw.normal([7]) }, attributes: { eps: 1e-6 }, terms: 7 },
  { name: "no weight", inputs: { x: draw.normal([2, 2, 5]) }, attributes: { eps: 1e-5 }, terms: 5 },
  { name: "wide", inputs: { x: draw.normal([2, 67]), weight: draw.normal([67]) }, attributes: { eps: 1e-6 }, terms: 67 },
  { name: "one column", inputs: { x: draw.awayFromZero([3, 1]), weight: draw.normal([1]) }, attributes: { eps: 1e-2 } },
  {
    name: "zero row",
    inputs: { x: f32([2, 3], [0, 0, 0, 1, 2, 3]), weight: draw.normal([3]) },
    attributes: { eps: 1e-6 },
    widen: 100,
    gradient: "defined",
  },
];

const l2Norms = (draw: Draw): CaseInput[] => [
  { name: "odd sizes", inputs: { x: draw.normal([3, 7]) }, attributes: { eps: 1e-12 }, terms: 7 },
  { name: "three axes", inputs: { x: draw.normal([2, 2, 3]) }, attributes: { eps: 1e-12 }, terms: 3 },
  { name: "one column", inputs: { x: draw.awayFromZero([3, 1]) }, attributes: { eps: 1e-12 } },
  { name: "wide", inputs: { x: draw.normal([2, 67]) }, attributes: { eps: 1e-12 }, terms: 67 },
  { name: "below eps", inputs: { x: draw.normal([3, 4], { scale: 0.1 }) }, attributes: { eps: 2 }, terms: 4 },
  { name: "zero row", inputs: { x: f32([2, 2], [0, 0, 3, 4]) }, attributes: { eps: 1e-3 }, gradient: "defined" },
];

const addLayerNorms = (draw: Draw): CaseInput[] => [
  {
    name: "no dropout",
    inputs: { x: draw.normal([3, 7]), residual: draw.normal([3, 7]), weight: draw.normal([7]), bias: draw.normal([7]) },
    attributes: { eps: 1e-12 },
    terms: 7,
  },
  {
    name: "dropout",
    inputs: { x: draw.normal([3, 21]), residual: draw.normal([3, 21]), weight: draw.normal([21]), bias: draw.normal([21]) },
    attributes: { eps: 1e-5, random: randomMask },
    terms: 21,
  },
  {
    name: "bf16",
    inputs: { x: draw.narrow([3, 21]), residual: draw.normal([3, 21]), weight: draw.normal([21]), bias: draw.normal([21]) },
    attributes: { eps: 1e-5, keep: "bf16" },
    gradient: "defined",
  },
  {
    name: "bf16, dropout",
    inputs: { x: draw.narrow([5, 37]), residual: draw.normal([5, 37]), weight: draw.normal([37]), bias: draw.normal([37]) },
    attributes: { eps: 1e-12, keep: "bf16", random: randomMask },
    gradient: "defined",
  },
];

export const normCases: CaseTable = {
  layerNorm: layerNorms,
  rmsNorm: rmsNorms,
  l2Normalize: l2Norms,
  addLayerNorm: addLayerNorms,
  gated: (draw) => gatedInputs(draw),
};

const gatedInputs = (draw: Draw): CaseInput[] =>
  ["gelu", "geluTanh", "silu"].flatMap((activation) => [
    { name: `${activation} first`, inputs: { x: draw.normal([3, 10]) }, attributes: { activation, activated: "first" } },
    { name: `${activation} second`, inputs: { x: draw.normal([2, 2, 38]) }, attributes: { activation, activated: "second" } },
  ]);

/** dx has the type of x. */
const outOf = (x: CaseInput["inputs"][string]) => ({ out: (x as Values).dtype });

/** Gradient ops, whose inputs are what the forward op gave. */
export function normGradCases(forward: ForwardOf): CaseTable {
  const regular = (cases: readonly CaseInput[]): CaseInput[] => cases.filter(({ gradient }) => gradient !== "none");
  return {
    layerNormGrad: (draw) =>
      regular(layerNorms(draw)).map(({ inputs, attributes, ...rest }) => {
        const { y, normal, rstd } = forward("layerNorm", { inputs, attributes });
        return { ...rest, inputs: { normal, weight: inputs.weight, rstd, dy: draw.like(y) }, attributes: outOf(inputs.x) };
      }),
    rmsNormGrad: (draw) =>
      regular(rmsNorms(draw)).map(({ inputs, attributes, ...rest }) => {
        const { inverse } = forward("rmsNorm", { inputs, attributes });
        return { ...rest, inputs: { ...inputs, inverse, dy: draw.like(inputs.x) } };
      }),
    l2NormalizeGrad: (draw) =>
      regular(l2Norms(draw)).map(({ inputs, attributes, ...rest }) => {
        const { y, norm } = forward("l2Normalize", { inputs, attributes });
        return { ...rest, inputs: { y, norm, dy: draw.like(inputs.x) }, attributes };
      }),
    addLayerNormGrad: (draw) =>
      addLayerNorms(draw).map(({ inputs, attributes, ...rest }) => {
        const { y, normal, rstd } = forward("addLayerNorm", { inputs, attributes });
        const random = attributes?.random;
        return {
          ...rest,
          inputs: { normal, weight: inputs.weight, rstd, dy: draw.like(y) },
          attributes: { ...outOf(inputs.x), ...(random !== undefined && { random }) },
        };
      }),
    gatedGrad: (draw) =>
      gatedInputs(draw).map(({ inputs, attributes, ...rest }) => {
        const { y } = forward("gated", { inputs, attributes });
        return { ...rest, inputs: { ...inputs, dy: draw.like(y) }, attributes };
      }),
  };
}
