// The two products of a dense layer's backward pass: towards its input, and towards its weights, which it writes where they accumulate.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat } from "./_expect.ts";
import { activate, activationGrad } from "./activations.ts";
import type { Activation } from "./activations.ts";
import { addInto } from "./add-into.ts";
import { add } from "./binary.ts";
import { concat } from "./concat.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { slice } from "./slice.ts";

/** What a dense layer can apply before or after its product; `none` passes. */
export type LinearActivation = Activation | "none";

type InputGradInputs = { dy: Tensor; weight: readonly Tensor[]; x?: Tensor; addend?: Tensor };

/** dx = (dy · W) · before'(x) + addend; x is given exactly when there is an activation before. */
export const linearInputGradOp = defineOp<InputGradInputs, { dx: Tensor }, { before: LinearActivation }>({
  name: "linearInputGrad",

  infer({ dy, weight, x, addend }, { before }) {
    const rows = weight.reduce((total, one) => total + one.shape[0], 0);
    expectShape("linearInputGrad", "dy", dy, ["T", rows]);
    expectFloat("linearInputGrad", "dy", dy);
    expectOneFloat("linearInputGrad", dy, { weight, x, addend });
    const shape = [dy.shape[0], weight[0].shape[1]];
    if (!x !== (before === "none"))
      throw shapeError("linearInputGrad", before === "none" ? "no x without an activation" : "x", x ? "x" : "none");
    if (x) expectShape("linearInputGrad", "x", x, shape);
    if (addend) expectShape("linearInputGrad", "addend", addend, shape);
    return { dx: { shape, dtype: dy.dtype } };
  },

  decompose({ dy, weight, x, addend }, { before }) {
    const dh = matmul(dy, weight.length === 1 ? weight[0] : concat(weight, { axis: 0 })); // [T K]
    const dx = gradOrPass(x, dh, before);
    return { dx: addend ? add(dx, addend) : dx };
  },
});

/** Rows `row` … `row + rows - 1` of the stacked weights, and which destinations they have; -1: none. */
export interface WeightPart {
  readonly row: number;
  readonly rows: number;
  readonly weight: number;
  readonly bias: number;
}

type WeightGradInputs = { dy: Tensor; x: Tensor; dWeight: readonly Tensor[]; dBias: readonly Tensor[] };
type WeightGradAttributes = {
  before: LinearActivation;
  accumulateWeight: readonly boolean[];
  accumulateBias: readonly boolean[];
  parts: readonly WeightPart[];
};

/** For each part dWeight (+)= dyᵀ · before(x) and dBias (+)= Σ_T dy, of its columns of dy; parts in order, since two may share a destination. */
export const linearWeightGradOp = defineOp<WeightGradInputs, Record<never, never>, WeightGradAttributes>({
  name: "linearWeightGrad",
  writes: ["dWeight", "dBias"],

  infer({ dy, x, dWeight, dBias }, { parts }) {
    expectShape("linearWeightGrad", "x", x, ["T", "K"]);
    expectOneFloat("linearWeightGrad", x, { dy, dWeight, dBias });
    expectShape("linearWeightGrad", "dy", dy, [x.shape[0], "N"]);
    for (const { row, rows, weight, bias } of parts) {
      if (row + rows > dy.shape[1])
        throw shapeError("linearWeightGrad", `parts within ${dy.shape[1]} columns of dy`, `${row}…${row + rows}`);
      if (weight >= 0) expectShape("linearWeightGrad", `dWeight[${weight}]`, dWeight[weight], [rows, x.shape[1]]);
      if (bias >= 0) expectShape("linearWeightGrad", `dBias[${bias}]`, dBias[bias], [rows]);
    }
    return {};
  },

  decompose({ dy, x, dWeight, dBias }, { before, accumulateWeight, accumulateBias, parts }) {
    const h = activateOrPass(x, before); // [T K]
    for (const { row, rows, weight, bias } of parts) {
      const columns = partColumns(dy, row, rows); // [T rows]
      if (weight >= 0) addInto(dWeight[weight], matmul(columns, h, { transA: true }), { accumulate: accumulateWeight[weight] });
      if (bias >= 0) addInto(dBias[bias], sum(columns, { axis: 0 }), { accumulate: accumulateBias[bias] });
    }
    return {};
  },
});

/** Columns `row` … `row + rows - 1` of dy [T N]; dy itself when these are all. */
export function partColumns(dy: Tensor, row: number, rows: number): Tensor {
  return rows === dy.shape[1] ? dy : slice(dy, { axis: 1, start: row, end: row + rows });
}

/** act(x), or x itself. */
export function activateOrPass(x: Tensor, activation: LinearActivation): Tensor {
  return activation === "none" ? x : activate(x, activation);
}

/** act'(pre) · dy, or dy itself. */
export function gradOrPass(pre: Tensor | undefined, dy: Tensor, activation: LinearActivation): Tensor {
  return pre && activation !== "none" ? activationGrad(pre, dy, activation) : dy;
}
