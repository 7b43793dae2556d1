// The dense layer: one product for any number of stacked weights (q, k and v at once), with an activation before, one after, and an optional
// low-rank term (LoRA). Every weight and bias may be trained or frozen by itself. Gradients of parameters are written where they accumulate.

import type { FloatType } from "../dtype.ts";
import { defineOp } from "../op.ts";
import type { Sink } from "../op.ts";
import { expectShape, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectActivation, expectWide } from "./_expect.ts";
import { add } from "./binary.ts";
import { cast, roundedTo, widened } from "./cast.ts";
import { dropout } from "./dropout.ts";
import { linearInputGradOp, linearWeightGradOp, partColumns, stacked } from "./linear-grad.ts";
import type { WeightPart } from "./linear-grad.ts";
import { activateOrPass, expectOperand, gradOrPass, operandType, operandValues } from "./linear-operand.ts";
import type { LinearActivation, LinearOperand } from "./linear-operand.ts";
import { matmul } from "./matmul.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";
import { sum } from "./reduce.ts";
import { scale } from "./unary.ts";

type LinearInputs = {
  x: Tensor;
  weight: readonly Tensor[];
  bias?: readonly Tensor[];
  lowA?: Tensor;
  lowB?: Tensor;
  normal?: Tensor;
  gamma?: Tensor;
  beta?: Tensor;
};

/** `out` is the type of y; that of the operand when left out. With `kept` what follows saves y, which then lies with what is saved. */
type LinearAttributes = {
  before: LinearActivation;
  after: LinearActivation;
  lowScale: number;
  random?: RandomMask;
  out?: FloatType;
  kept?: boolean;
};
type LinearSink = Sink<LinearInputs>;

/**
 * With `normal`, gamma and beta, x is what a norm returned as y: it is neither read nor saved, gamma · normal + beta takes its place, and the
 * whole cotangent goes to x, from where the norm makes those of gamma and beta.
 */
export const linearOp = defineOp<LinearInputs, { y: Tensor; pre?: Tensor; low?: Tensor }, LinearAttributes>({
  name: "linear",
  roundsItself: true,
  keeps: ({ kept }) => (kept ? ["y"] : []),
  saves: ({ normal }) => ({ inputs: [...(normal ? operandNames : (["x"] as const)), "weight", "lowA", "lowB"], outputs: ["pre", "low"] }),

  infer({ x, weight, bias, lowA, lowB, ...normed }, { after, random, out }) {
    const { shape, dtype, wide } = expectOperand("linear", { x, ...normed });
    expectShape("linear", "x", x, shape);
    expectActivation("linear", "x", x, wide);
    expectWide("linear", x, { weight, bias, lowA, lowB });
    expectRandom("linear", random);
    const [tokens, width] = shape;
    const rows = expectParts(width, weight, bias);
    if (!lowA !== !lowB) throw shapeError("linear", "lowA and lowB together", lowA ? "lowA only" : "lowB only");
    if (lowA) expectShape("linear", "lowA", lowA, ["R", width]);
    if (lowA && lowB) expectShape("linear", "lowB", lowB, [rows, lowA.shape[0]]);
    const y = { shape: [tokens, rows], dtype: out ?? dtype };
    expectActivation("linear", "out", y, wide);
    return { y, ...(after !== "none" && { pre: y }), ...(lowA && { low: { shape: [tokens, lowA.shape[0]], dtype: wide } }) };
  },

  // dPre = dy · after'(pre);   dWeight = dPreᵀ · before(x);   dBias = Σ_T dPre;   dx = (dPre · W + what comes through lowA) · before'(x)
  vjp({ weight, lowA, lowB, pre, low, ...saved }, { dy }, { before, after, lowScale, random }, sink) {
    const dPre = gradOrPass(pre, dy!, after); // [T N]
    const x: Saved = { ...saved, before, out: sink.spec("x").dtype as FloatType };
    const ofParts = partGradients(dPre, weight!, x, sink); // before dx is there: its workspace is large
    let addend = sink.needs("x") ? sink.pending("x") : undefined; // [T K]
    let lowGradients: { lowA?: Tensor; lowB?: Tensor } = {};
    if (lowA && lowB && low) {
      const wide = widened(dPre);
      const dLow = matmul(wide, lowB, { alpha: lowScale }); // [T R]
      const h = sink.needs("lowA") && operandValues(saved, before); // [T K]
      lowGradients = {
        lowA: h ? lowWeightGradient("lowA", sink, dLow, random ? dropout(h, random) : h) : undefined,
        lowB: lowWeightGradient("lowB", sink, wide, scale(low, lowScale)),
      };
      if (sink.needs("x")) addend = lowInputGradient(dLow, lowA, x, addend, random);
    }
    return {
      ...(sink.needs("x") && { x: inputGradient(dPre, weight!, x, addend, operandType(saved)) }),
      ...ofParts,
      ...lowGradients,
    };
  },

  decompose({ weight, bias, lowA, lowB, ...operand }, { before, after, lowScale, random, out }) {
    const read = operandType(operand);
    const h = operandValues(operand, before); // [T K]
    const product = matmul(h, roundedTo(stacked(weight), read), { transB: true }); // [T N]
    const low = lowA && matmul(random ? dropout(h, random) : h, lowA, { transB: true }); // [T R]
    const adapted = low && lowB ? add(product, matmul(low, lowB, { transB: true, alpha: lowScale })) : product;
    const pre = bias ? add(adapted, stacked(bias)) : adapted;
    const y = cast(activateOrPass(pre, after), out ?? read);
    return { y, ...(after !== "none" && { pre: cast(pre, y.dtype) }), ...(low && { low }) };
  },
});

const operandNames = ["normal", "gamma", "beta"] as const;

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

/** The operand as it was saved, what is applied to it, and the type of its gradient. */
interface Saved extends LinearOperand {
  readonly before: LinearActivation;
  readonly out: FloatType;
}

/** dx = (dPre · W) · before'(x) + addend, with W the stacked weights. */
function inputGradient(
  dPre: Tensor,
  weight: readonly Tensor[],
  { before, out, ...operand }: Saved,
  addend: Tensor | undefined,
  read: FloatType,
): Tensor {
  const x = before === "none" ? undefined : (operand.x ?? operandValues(operand, "none"));
  return linearInputGradOp({ dy: dPre, weight, x, addend }, { before, operand: read, out }).dx;
}

/** What flows to x through the low-rank term, plus `addend`. */
function lowInputGradient(dLow: Tensor, lowA: Tensor, x: Saved, addend: Tensor | undefined, random: RandomMask | undefined): Tensor {
  if (!random) return inputGradient(dLow, [lowA], x, addend, dLow.dtype as FloatType);
  const dh = dropout(matmul(dLow, lowA), random); // [T K]
  const dx = gradOrPass(x.x ?? operandValues(x, "none"), dh, x.before);
  return cast(addend ? add(widened(addend), dx) : dx, x.out);
}

/** dW = dyᵀ · h for one low-rank factor: written to its leaf, or returned. */
function lowWeightGradient(input: "lowA" | "lowB", sink: LinearSink, dy: Tensor, h: Tensor): Tensor | undefined {
  if (!sink.needs(input)) return undefined;
  const leaf = sink.leaf(input);
  if (!leaf) return matmul(dy, h, { transA: true });
  const parts = [{ row: 0, rows: dy.shape[1], weight: 0, bias: -1 }];
  linearWeightGradOp(
    { dy, x: h, dWeight: [leaf.tensor], dBias: [] },
    { before: "none", accumulateWeight: [leaf.accumulate], accumulateBias: [], parts },
  );
  return undefined;
}

/** Gradients of the stacked weights and biases: those of parameters in one launch, where they accumulate; others are returned; frozen ones skipped. */
function partGradients(
  dPre: Tensor,
  weights: readonly Tensor[],
  { before, out: _, ...operand }: Saved,
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
    const columns = (): Tensor => partColumns(widened(dPre), row, rows);
    if (!weight && sink.needs("weight", i))
      gradients.weight[i] = matmul(roundedTo(columns(), operandType(operand)), operandValues(operand, before), { transA: true });
    if (!bias && sink.needs("bias", i)) gradients.bias[i] = sum(columns(), { axis: 0 });
    row += rows;
  });
  const { dWeight, dBias, ...attributes } = leaves;
  if (attributes.parts.length > 0) linearWeightGradOp({ dy: dPre, ...operand, dWeight, dBias }, { before, ...attributes });
  return gradients;
}

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
  /** Where x is a norm's result: its normalised values, read in x's place and saved for it. x = gamma · values + beta. */
  readonly normal?: { readonly values: Tensor; readonly gamma: Tensor; readonly beta: Tensor };
  /** The type of the result; that of x, or of the normalised values, when left out. */
  readonly out?: FloatType;
  /** True where backward of what follows reads the result: it then gets its memory beside what is saved, and no holes are left among it. */
  readonly kept?: boolean;
}

/** y = after(before(x) · Wᵀ + bias + low-rank term). x [T K] → [T N], N the rows of all weights. */
export function linear(x: Tensor, { weight, bias, lowRank, before = "none", after = "none", normal, out, kept }: LinearOptions): Tensor {
  const inputs = {
    x,
    weight: listOf(weight),
    bias: bias && listOf(bias),
    lowA: lowRank?.a,
    lowB: lowRank?.b,
    ...(normal && { normal: normal.values, gamma: normal.gamma, beta: normal.beta }),
  };
  return linearOp(inputs, {
    before,
    after,
    lowScale: lowRank?.scale ?? 0,
    random: lowRank?.random,
    ...(out && { out }),
    ...(kept && { kept }),
  }).y;
}

const listOf = (one: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(one) ? (one as readonly Tensor[]) : [one as Tensor]);
