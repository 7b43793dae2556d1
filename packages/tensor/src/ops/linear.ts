// The dense layer: one product for any number of stacked weights (q, k and v at once), with an activation before, one after, and an optional
// low-rank term (LoRA). Every weight and bias may be trained or frozen by itself. Gradients of parameters are written where they accumulate.

import { defineOp } from "../op.ts";
import type { Sink } from "../op.ts";
import { expectShape, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat } from "./_expect.ts";
import { add } from "./binary.ts";
import { concat } from "./concat.ts";
import { dropout } from "./dropout.ts";
import { activateOrPass, gradOrPass, linearInputGradOp, linearWeightGradOp, partColumns } from "./linear-grad.ts";
import type { LinearActivation, WeightPart } from "./linear-grad.ts";
import { matmul } from "./matmul.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";
import { sum } from "./reduce.ts";
import { scale } from "./unary.ts";

type LinearInputs = { x: Tensor; weight: readonly Tensor[]; bias?: readonly Tensor[]; lowA?: Tensor; lowB?: Tensor };
type LinearAttributes = { before: LinearActivation; after: LinearActivation; lowScale: number; random?: RandomMask };
type LinearSink = Sink<LinearInputs>;

export const linearOp = defineOp<LinearInputs, { y: Tensor; pre?: Tensor; low?: Tensor }, LinearAttributes>({
  name: "linear",
  saves: { inputs: ["x", "weight", "lowA", "lowB"], outputs: ["pre", "low"] },

  infer({ x, weight, bias, lowA, lowB }, { after, random }) {
    expectShape("linear", "x", x, ["T", "K"]);
    expectOneFloat("linear", x, { weight, bias, lowA, lowB });
    expectRandom("linear", random);
    const [tokens, width] = x.shape;
    const rows = expectParts(width, weight, bias);
    if (!lowA !== !lowB) throw shapeError("linear", "lowA and lowB together", lowA ? "lowA only" : "lowB only");
    if (lowA) expectShape("linear", "lowA", lowA, ["R", width]);
    if (lowA && lowB) expectShape("linear", "lowB", lowB, [rows, lowA.shape[0]]);
    const y = { shape: [tokens, rows], dtype: x.dtype };
    return { y, ...(after !== "none" && { pre: y }), ...(lowA && { low: { shape: [tokens, lowA.shape[0]], dtype: x.dtype } }) };
  },

  // dPre = dy · after'(pre);   dWeight = dPreᵀ · before(x);   dBias = Σ_T dPre;   dx = (dPre · W + what comes through lowA) · before'(x)
  vjp({ x, weight, lowA, lowB, pre, low }, { dy }, { before, after, lowScale, random }, sink) {
    const dPre = gradOrPass(pre, dy!, after); // [T N]
    let addend = sink.needs("x") ? sink.pending("x") : undefined; // [T K]
    let lowGradients: { lowA?: Tensor; lowB?: Tensor } = {};
    if (lowA && lowB && low) {
      const dLow = matmul(dPre, lowB, { alpha: lowScale }); // [T R]
      lowGradients = {
        lowA: lowWeightGradient(
          "lowA",
          sink,
          dLow,
          ...(random ? ([dropped(x!, before, random), "none"] as const) : ([x!, before] as const)),
        ),
        lowB: lowWeightGradient("lowB", sink, dPre, scale(low, lowScale), "none"),
      };
      if (sink.needs("x")) addend = lowInputGradient(dLow, lowA, x!, addend, { before, random });
    }
    return {
      ...(sink.needs("x") && { x: inputGradient(dPre, weight!, x!, addend, before) }),
      ...partGradients({ dPre, weight: weight!, x: x!, before }, sink),
      ...lowGradients,
    };
  },

  decompose({ x, weight, bias, lowA, lowB }, { before, after, lowScale, random }) {
    const h = activateOrPass(x, before); // [T K]
    const product = matmul(h, stacked(weight), { transB: true }); // [T N]
    const low = lowA && matmul(random ? dropout(h, random) : h, lowA, { transB: true }); // [T R]
    const adapted = low && lowB ? add(product, matmul(low, lowB, { transB: true, alpha: lowScale })) : product;
    const pre = bias ? add(adapted, stacked(bias)) : adapted;
    return { y: activateOrPass(pre, after), ...(after !== "none" && { pre }), ...(low && { low }) };
  },
});

/** Checks the stacked weights and biases and gives the number of rows of all. */
function expectParts(width: number, weight: readonly Tensor[], bias: readonly Tensor[] | undefined): number {
  if (weight.length === 0) throw shapeError("linear", "at least one weight", "none");
  if (bias && bias.length !== weight.length)
    throw shapeError("linear", `${weight.length} biases, one for each weight`, String(bias.length));
  weight.forEach((one, i) => {
    expectShape("linear", `weight[${i}]`, one, ["N", width]);
    if (bias) expectShape("linear", `bias[${i}]`, bias[i], [one.shape[0]]);
  });
  return weight.reduce((rows, one) => rows + one.shape[0], 0);
}

/** dx = (dPre · W) · before'(x) + addend, with W the stacked weights. */
function inputGradient(dPre: Tensor, weight: readonly Tensor[], x: Tensor, addend: Tensor | undefined, before: LinearActivation): Tensor {
  return linearInputGradOp({ dy: dPre, weight, x: before === "none" ? undefined : x, addend }, { before }).dx;
}

/** What flows to x through the low-rank term, plus `addend`. */
function lowInputGradient(
  dLow: Tensor,
  lowA: Tensor,
  x: Tensor,
  addend: Tensor | undefined,
  { before, random }: { before: LinearActivation; random?: RandomMask },
): Tensor {
  if (!random) return inputGradient(dLow, [lowA], x, addend, before);
  const dh = dropout(matmul(dLow, lowA), random); // [T K]
  const dx = gradOrPass(x, dh, before);
  return addend ? add(addend, dx) : dx;
}

/** dW = dyᵀ · before(x) for one low-rank factor: written to its leaf, or returned. */
function lowWeightGradient(input: "lowA" | "lowB", sink: LinearSink, dy: Tensor, x: Tensor, before: LinearActivation): Tensor | undefined {
  if (!sink.needs(input)) return undefined;
  const leaf = sink.leaf(input);
  if (!leaf) return matmul(dy, activateOrPass(x, before), { transA: true });
  const parts = [{ row: 0, rows: dy.shape[1], weight: 0, bias: -1 }];
  linearWeightGradOp(
    { dy, x, dWeight: [leaf.tensor], dBias: [] },
    { before, accumulateWeight: [leaf.accumulate], accumulateBias: [], parts },
  );
  return undefined;
}

type PartsCall = { dPre: Tensor; weight: readonly Tensor[]; x: Tensor; before: LinearActivation };

/** Gradients of the stacked weights and biases: those of parameters in one launch, where they accumulate; others are returned; frozen ones skipped. */
function partGradients(
  { dPre, weight: weights, x, before }: PartsCall,
  sink: LinearSink,
): { weight: (Tensor | undefined)[]; bias: (Tensor | undefined)[] } {
  const gradients: ReturnType<typeof partGradients> = { weight: [], bias: [] };
  const leaves = {
    dWeight: [] as Tensor[],
    dBias: [] as Tensor[],
    accumulateWeight: [] as boolean[],
    accumulateBias: [] as boolean[],
    parts: [] as WeightPart[],
  };
  let row = 0;
  weights.forEach(({ shape: [rows] }, i) => {
    const weight = sink.leaf("weight", i);
    const bias = sink.leaf("bias", i);
    if (weight || bias) {
      leaves.parts.push({
        row,
        rows,
        weight: weight ? leaves.dWeight.push(weight.tensor) - 1 : -1,
        bias: bias ? leaves.dBias.push(bias.tensor) - 1 : -1,
      });
      if (weight) leaves.accumulateWeight.push(weight.accumulate);
      if (bias) leaves.accumulateBias.push(bias.accumulate);
    }
    if (!weight && sink.needs("weight", i))
      gradients.weight[i] = matmul(partColumns(dPre, row, rows), activateOrPass(x, before), { transA: true });
    if (!bias && sink.needs("bias", i)) gradients.bias[i] = sum(partColumns(dPre, row, rows), { axis: 0 });
    row += rows;
  });
  const { dWeight, dBias, ...attributes } = leaves;
  if (attributes.parts.length > 0) linearWeightGradOp({ dy: dPre, x, dWeight, dBias }, { before, ...attributes });
  return gradients;
}

const stacked = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0] : concat(parts, { axis: 0 }));
const dropped = (x: Tensor, before: LinearActivation, random: RandomMask): Tensor => dropout(activateOrPass(x, before), random);

/** A low-rank term scale · (dropout(h) · aᵀ) · bᵀ beside the weight, as in LoRA; a [R K], b [N R]. */
export interface LowRank {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
  readonly random?: RandomMask;
}

export interface LinearOptions {
  /** [N K], or several that are stacked along N. */
  readonly weight: Tensor | readonly Tensor[];
  /** [N], one for each weight. */
  readonly bias?: Tensor | readonly Tensor[];
  readonly lowRank?: LowRank;
  /** Applied to x. */
  readonly before?: LinearActivation;
  /** Applied to the result. */
  readonly after?: LinearActivation;
}

/** y = after(before(x) · Wᵀ + bias + low-rank term). x [T K] → [T N], N the rows of all weights. */
export function linear(x: Tensor, { weight, bias, lowRank, before = "none", after = "none" }: LinearOptions): Tensor {
  const inputs = { x, weight: listOf(weight), bias: bias && listOf(bias), lowA: lowRank?.a, lowB: lowRank?.b };
  return linearOp(inputs, { before, after, lowScale: lowRank?.scale ?? 0, random: lowRank?.random }).y;
}

const listOf = (one: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(one) ? (one as readonly Tensor[]) : [one as Tensor]);
