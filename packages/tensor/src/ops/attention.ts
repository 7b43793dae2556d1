// Softmax attention over packed texts: no text sees another, nothing is padded. Probabilities are never stored; backward recomputes them from
// the log-sum-exp of each row. One op covers bidirectional, causal and sliding windows, grouped heads and an additive position bias.
// In bf16, probabilities (before the division by their sum) and gradients of scores are rounded before their products; scores, sums and the
// bias are not.

import { AttuneError } from "@attune/core";
import { defineOp } from "../op.ts";
import type { Op } from "../op.ts";
import { expectFloat, expectShape, expectType, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat, wideType } from "./_expect.ts";
import { cast, widened } from "./cast.ts";
import { expectRandom } from "./random-mask.ts";
import type { RandomMask } from "./random-mask.ts";

export interface AttentionAttributes {
  /** H */
  readonly heads: number;
  /** K; query head h reads key/value head ⌊h · K / H⌋. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Multiplies q · k. */
  readonly scale: number;
  /** Token i sees tokens i − windowLeft … i + windowRight of its text; −1: no limit. Causal is windowRight 0. */
  readonly windowLeft: number;
  readonly windowRight: number;
  /** Tokens of the longest text, at least. */
  readonly maxLength: number;
  /** Dropout on probabilities: row = token of the batch, column = key's place in its text, one site per head. */
  readonly random?: RandomMask;
}

type Inputs = { qkv: Tensor; cuSeqlens: Tensor; bias?: Tensor };

export const attentionOp: Op<Inputs, { y: Tensor; lse: Tensor }, AttentionAttributes> = defineOp<
  Inputs,
  { y: Tensor; lse: Tensor },
  AttentionAttributes
>({
  name: "attention",
  roundsItself: true,
  saves: { inputs: ["qkv", "cuSeqlens", "bias"], outputs: ["y", "lse"] },

  infer({ qkv, cuSeqlens, bias }, attributes) {
    expectOperands("attention", { qkv, cuSeqlens, bias }, attributes);
    const { heads, headDim } = attributes;
    return {
      y: { shape: [qkv.shape[0], heads * headDim], dtype: qkv.dtype },
      lse: { shape: [qkv.shape[0], heads], dtype: wideType(qkv) },
    };
  },

  vjp({ qkv, cuSeqlens, bias, y, lse }, { dy }, attributes, sink) {
    const { dqkv, dBias } = attentionGradOp({ qkv: qkv!, cuSeqlens: cuSeqlens!, bias, y: y!, lse: lse!, dy: dy! }, attributes);
    return { qkv: dqkv, ...(sink.needs("bias") && { bias: dBias }) };
  },

  // in bf16 alone: the same in f32, rounded at the end
  decompose({ qkv, cuSeqlens, bias }, attributes) {
    if (qkv.dtype !== "bf16") return undefined;
    const { y, lse } = attentionOp({ qkv: widened(qkv), cuSeqlens, bias }, attributes);
    return { y: cast(y, "bf16"), lse };
  },
});

type GradInputs = Inputs & { y: Tensor; lse: Tensor; dy: Tensor };

// per row:  P = exp(S − lse);  dP = mask · (dy · Vᵀ);  dS = P · (dP − Σ dy · y);  dq = scale · dS · K;  dk = scale · dSᵀ · q;  dv = (mask · P)ᵀ · dy
export const attentionGradOp: Op<GradInputs, { dqkv: Tensor; dBias?: Tensor }, AttentionAttributes> = defineOp<
  GradInputs,
  { dqkv: Tensor; dBias?: Tensor },
  AttentionAttributes
>({
  name: "attentionGrad",
  roundsItself: true,

  infer({ qkv, cuSeqlens, bias, y, lse, dy }, attributes) {
    expectOperands("attentionGrad", { qkv, cuSeqlens, bias }, attributes);
    const { heads, headDim } = attributes;
    expectShape("attentionGrad", "y", y, [qkv.shape[0], heads * headDim]);
    expectShape("attentionGrad", "dy", dy, y.shape);
    expectShape("attentionGrad", "lse", lse, [qkv.shape[0], heads]);
    expectOneFloat("attentionGrad", qkv, { y, dy });
    expectType("attentionGrad", "lse", lse, wideType(qkv));
    return { dqkv: { shape: qkv.shape, dtype: qkv.dtype }, ...(bias && { dBias: { shape: bias.shape, dtype: bias.dtype } }) };
  },

  decompose({ qkv, cuSeqlens, bias, y, lse, dy }, attributes) {
    if (qkv.dtype !== "bf16") return undefined;
    const wide = { qkv: widened(qkv), cuSeqlens, bias, y: widened(y), lse, dy: widened(dy) };
    const { dqkv, dBias } = attentionGradOp(wide, attributes);
    return { dqkv: cast(dqkv, "bf16"), ...(dBias && { dBias }) };
  },
});

function expectOperands(
  op: string,
  { qkv, cuSeqlens, bias }: Inputs,
  { heads, kvHeads, headDim, windowLeft, windowRight, maxLength, random }: AttentionAttributes,
): void {
  if (!(kvHeads > 0 && heads % kvHeads === 0)) throw shapeError(op, "heads that are a multiple of kvHeads", `${heads} and ${kvHeads}`);
  expectShape(op, "qkv", qkv, ["T", (heads + 2 * kvHeads) * headDim]);
  expectFloat(op, "qkv", qkv);
  expectType(op, "cuSeqlens", cuSeqlens, "i32");
  expectShape(op, "cuSeqlens", cuSeqlens, ["B+1"]);
  if (cuSeqlens.size < 1) throw shapeError(op, "cuSeqlens [B+1]", "no element");
  for (const [name, window] of Object.entries({ windowLeft, windowRight })) {
    if (!(Number.isInteger(window) && window >= -1))
      throw new AttuneError({
        code: "E_ATTRIBUTE",
        place: `${op} ${name}`,
        expected: "an integer from 0, or -1 for no limit",
        got: String(window),
      });
  }
  if (bias) {
    expectType(op, "bias", bias, wideType(qkv));
    expectShape(op, "bias", bias, [heads, "L", "L"]);
    if (bias.shape[1] !== bias.shape[2] || bias.shape[1] < maxLength)
      throw shapeError(op, `bias [${heads} L L] with L of at least ${maxLength}`, `[${bias.shape.join(" ")}]`);
  }
  expectRandom(op, random);
}

export interface AttentionOptions extends Omit<AttentionAttributes, "windowLeft" | "windowRight"> {
  /** i32 [B+1]: text b is tokens cuSeqlens[b] … cuSeqlens[b+1] − 1. */
  readonly cuSeqlens: Tensor;
  readonly windowLeft?: number;
  readonly windowRight?: number;
  /** [H L L], added to the scaled scores of every text. */
  readonly bias?: Tensor;
}

/**
 * softmax(scale · q · kᵀ + bias) · v within each text. qkv [T (H+2K)·d], its columns the query heads, then key heads, then value heads → [T H·d].
 * A token that sees no key, or is in no text, gets zeros.
 */
export function attention(qkv: Tensor, { cuSeqlens, bias, windowLeft = -1, windowRight = -1, ...rest }: AttentionOptions): Tensor {
  return attentionOp({ qkv, cuSeqlens, bias }, { windowLeft, windowRight, ...rest }).y;
}
