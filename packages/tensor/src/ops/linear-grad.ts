// The two products of a dense layer's backward pass: towards its input, and towards its weights, which it writes where they accumulate.

import type { FloatType } from "../dtype.ts";
import { defineOp } from "../op.ts";
import { expectShape, expectType, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectActivation, expectWide, wideType } from "./_expect.ts";
import { addInto } from "./add-into.ts";
import { add } from "./binary.ts";
import { cast, roundedTo, widened } from "./cast.ts";
import { concat } from "./concat.ts";
import { expectOperand, gradOrPass, operandType, operandValues } from "./linear-operand.ts";
import type { LinearActivation } from "./linear-operand.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { slice } from "./slice.ts";

type InputGradInputs = { dy: Tensor; weight: readonly Tensor[]; x?: Tensor; addend?: Tensor };

/** `operand` is the type that the forward product read, dy's when left out; `out` the type of dx, `operand` when left out. */
type InputGradAttributes = { before: LinearActivation; operand?: FloatType; out?: FloatType };

/** dx = (dy · W) · before'(x) + addend; x is given exactly when there is an activation before. With a bf16 operand dy and W are rounded as they are read. */
export const linearInputGradOp = defineOp<InputGradInputs, { dx: Tensor }, InputGradAttributes>({
  name: "linearInputGrad",
  roundsItself: true,

  infer({ dy, weight, x, addend }, { before, operand = dy.dtype as FloatType, out = operand }) {
    const rows = weight.reduce((total, one) => total + one.shape[0], 0);
    const wide = wideType(dy);
    expectShape("linearInputGrad", "dy", dy, ["T", rows]);
    expectActivation("linearInputGrad", "dy", dy, wide);
    expectWide("linearInputGrad", dy, { weight });
    const dx = { shape: [dy.shape[0], weight[0].shape[1]], dtype: out };
    expectActivation("linearInputGrad", "operand", { shape: dx.shape, dtype: operand }, wide);
    expectActivation("linearInputGrad", "out", dx, wide);
    if (!x !== (before === "none"))
      throw shapeError("linearInputGrad", before === "none" ? "no x without an activation" : "x", x ? "x" : "none");
    for (const [name, one] of Object.entries({ x, addend })) {
      if (!one) continue;
      expectShape("linearInputGrad", name, one, dx.shape);
      expectType("linearInputGrad", name, one, out);
    }
    return { dx };
  },

  decompose({ dy, weight, x, addend }, { before, operand = dy.dtype as FloatType, out = operand }) {
    const dh = matmul(roundedTo(widened(dy), operand), roundedTo(stacked(weight), operand)); // [T K]
    const dx = gradOrPass(x, dh, before);
    return { dx: cast(addend ? add(dx, widened(addend)) : dx, out) };
  },
});

/** Rows `row` … `row + rows - 1` of the stacked weights, and which destinations they have; -1: none. */
export interface WeightPart {
  readonly row: number;
  readonly rows: number;
  readonly weight: number;
  readonly bias: number;
}

type WeightGradInputs = {
  dy: Tensor;
  x?: Tensor;
  normal?: Tensor;
  gamma?: Tensor;
  beta?: Tensor;
  dWeight: readonly Tensor[];
  dBias: readonly Tensor[];
};
type WeightGradAttributes = {
  before: LinearActivation;
  accumulateWeight: readonly boolean[];
  accumulateBias: readonly boolean[];
  parts: readonly WeightPart[];
};

/**
 * For each part dWeight (+)= dyᵀ · before(x) and dBias (+)= Σ_T dy, of its columns of dy; parts in order, since two may share a destination.
 * x is given as it was to the forward product. With a bf16 operand dy is rounded as the product reads it, and not for dBias.
 */
export const linearWeightGradOp = defineOp<WeightGradInputs, Record<never, never>, WeightGradAttributes>({
  name: "linearWeightGrad",
  roundsItself: true,
  writes: ["dWeight", "dBias"],

  infer({ dy, dWeight, dBias, ...operand }, { parts }) {
    const { shape, wide } = expectOperand("linearWeightGrad", operand);
    expectActivation("linearWeightGrad", "dy", dy, wide);
    expectWide("linearWeightGrad", dy, { dWeight, dBias });
    expectShape("linearWeightGrad", "dy", dy, [shape[0], "N"]);
    for (const { row, rows, weight, bias } of parts) {
      if (row + rows > dy.shape[1])
        throw shapeError("linearWeightGrad", `parts within ${dy.shape[1]} columns of dy`, `${row}…${row + rows}`);
      if (weight >= 0) expectShape("linearWeightGrad", `dWeight[${weight}]`, dWeight[weight], [rows, shape[1]]);
      if (bias >= 0) expectShape("linearWeightGrad", `dBias[${bias}]`, dBias[bias], [rows]);
    }
    return {};
  },

  decompose({ dy, dWeight, dBias, ...operand }, { before, accumulateWeight, accumulateBias, parts }) {
    const h = operandValues(operand, before); // [T K]
    for (const { row, rows, weight, bias } of parts) {
      const columns = partColumns(widened(dy), row, rows); // [T rows]
      const read = roundedTo(columns, operandType(operand));
      if (weight >= 0) addInto(dWeight[weight], matmul(read, h, { transA: true }), { accumulate: accumulateWeight[weight] });
      if (bias >= 0) addInto(dBias[bias], sum(columns, { axis: 0 }), { accumulate: accumulateBias[bias] });
    }
    return {};
  },
});

/** Columns `row` … `row + rows - 1` of dy [T N]; dy itself when these are all. */
export function partColumns(dy: Tensor, row: number, rows: number): Tensor {
  return rows === dy.shape[1] ? dy : slice(dy, { axis: 1, start: row, end: row + rows });
}

/** The parts one above the other. */
export function stacked(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0] : concat(parts, { axis: 0 });
}
