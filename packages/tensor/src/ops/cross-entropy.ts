// Cross entropy over rows of logits, with class numbers or with distributions as targets.
// A logit of −∞ is excluded: it has no probability, no gradient, and no part in the smoothing.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expectOneFloat } from "./_expect.ts";
import { add, equal, mul, sub } from "./binary.ts";
import { cast } from "./cast.ts";
import { fill } from "./fill.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { scatterLast } from "./scatter.ts";
import { logsumexp } from "./softmax.ts";
import { affine, exp, reciprocal, scale } from "./unary.ts";
import { whereMasked } from "./where.ts";

interface Attributes {
  /** Share of the target that is spread evenly over the classes that are not excluded. */
  smoothing: number;
  /** Rows with this class number have loss 0 and no gradient. */
  ignoreIndex: number;
}

type Inputs = { logits: Tensor; targets: Tensor };

// With t the target (one-hot for a class number), s the smoothing and M′ the classes with a logit above −∞:
//     loss = (1 − s) (lse Σt − Σ t · x) + s (lse − Σ x / M′)
export const crossEntropyOp = defineOp<Inputs, { loss: Tensor; lse: Tensor }, Attributes>({
  name: "crossEntropy",
  saves: { inputs: ["logits", "targets"], outputs: ["lse"] },

  infer(inputs) {
    expectOperands("crossEntropy", inputs);
    const { logits } = inputs;
    const rows = { shape: [logits.shape[0]], dtype: logits.dtype };
    return { loss: rows, lse: rows };
  },

  // the gradient of the targets, if they are a model's: dt = (1 − s) (lse − x) · dloss; 0 where x = −∞
  vjp({ logits, targets, lse }, { dloss }, attributes, sink) {
    const column = [dloss!.shape[0], 1];
    const ofTargets = (): Tensor => mul(sub(reshape(lse!, column), logits!), scale(reshape(dloss!, column), 1 - attributes.smoothing));
    return {
      ...(sink.needs("logits") && {
        logits: crossEntropyGradOp({ logits: logits!, targets: targets!, lse: lse!, dLoss: dloss! }, attributes).dLogits,
      }),
      ...(sink.needs("targets") && { targets: whereMasked(ofTargets(), excluded(logits!), 0) }),
    };
  },

  decompose({ logits, targets }, { smoothing, ignoreIndex }) {
    const lse = logsumexp(logits);
    const { weights, total, ignored } = distribution({ logits, targets }, ignoreIndex);
    const met = whereMasked(logits, equal(weights, constant(logits, 0)), 0); // 0 · −∞ counts as 0
    const hard = sub(mul(lse, total), sum(mul(weights, met), { axis: 1 }));
    if (smoothing === 0) return { loss: whereMasked(hard, ignored, 0), lse };
    const { finite, share } = evenly(logits);
    const even = sub(lse, sum(mul(finite, share), { axis: 1 }));
    return { loss: whereMasked(add(scale(hard, 1 - smoothing), scale(even, smoothing)), ignored, 0), lse };
  },
});

export const crossEntropyGradOp = defineOp<Inputs & { lse: Tensor; dLoss: Tensor }, { dLogits: Tensor }, Attributes>({
  name: "crossEntropyGrad",

  infer(inputs) {
    expectOperands("crossEntropyGrad", inputs);
    const { logits, lse, dLoss } = inputs;
    expectShape("crossEntropyGrad", "lse", lse, [logits.shape[0]]);
    expectShape("crossEntropyGrad", "dLoss", dLoss, [logits.shape[0]]);
    expectOneFloat("crossEntropyGrad", logits, { lse, dLoss });
    return { dLogits: { shape: logits.shape, dtype: logits.dtype } };
  },

  // dx = ( ((1 − s) Σt + s) e^(x − lse) − (1 − s) t − s / M′ ) · dloss; 0 where x = −∞
  decompose({ logits, targets, lse, dLoss }, { smoothing, ignoreIndex }) {
    const column = [logits.shape[0], 1];
    const { weights, total, ignored } = distribution({ logits, targets }, ignoreIndex);
    const expected = mul(
      exp(sub(logits, reshape(lse, column))),
      affine(reshape(total, column), { scale: 1 - smoothing, shift: smoothing }),
    );
    const plain = sub(expected, scale(weights, 1 - smoothing));
    const pull = smoothing === 0 ? plain : sub(plain, scale(evenly(logits).share, smoothing));
    const kept = whereMasked(dLoss, ignored, 0);
    return { dLogits: whereMasked(mul(pull, reshape(kept, column)), excluded(logits), 0) };
  },
});

/**
 * Cross entropy of each row. logits [B M] · targets i32 [B], or a distribution [B M] → [B]. Rows whose class is `ignoreIndex` give 0;
 * `smoothing` spreads that share of the target evenly. Semantics of torch.nn.functional.cross_entropy without its reduction.
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { smoothing = 0, ignoreIndex = -100 }: Partial<Attributes> = {},
): Tensor {
  return crossEntropyOp({ logits, targets }, { smoothing, ignoreIndex }).loss;
}

function expectOperands(op: string, { logits, targets }: Inputs): void {
  expectFloat(op, "logits", logits);
  expectShape(op, "logits", logits, ["B", "M"]);
  expectType(op, "targets", targets, "i32", logits.dtype);
  expectShape(op, "targets", targets, targets.dtype === "i32" ? [logits.shape[0]] : logits.shape);
}

/** Targets as weights [B M] with their sums [B], and the rows to leave out. */
function distribution({ logits, targets }: Inputs, ignoreIndex: number): { weights: Tensor; total: Tensor; ignored: Tensor | undefined } {
  const [rows, width] = logits.shape;
  if (targets.dtype !== "i32") return { weights: targets, total: sum(targets, { axis: 1 }), ignored: undefined };
  const ones = fill(logits.engine, [rows], 1, logits.dtype);
  const numbers = cast(targets, logits.dtype);
  const ignored = equal(numbers, constant(logits, ignoreIndex));
  const safe = cast(whereMasked(numbers, ignored, 0), "i32");
  return { weights: scatterLast(reshape(ones, [rows, 1]), reshape(safe, [rows, 1]), { width }), total: ones, ignored };
}

/** The logits with 0 for excluded ones, and 1 / M′ for each that is not excluded. */
function evenly(logits: Tensor): { finite: Tensor; share: Tensor } {
  const out = excluded(logits);
  const inside = affine(cast(out, logits.dtype), { scale: -1, shift: 1 });
  return { finite: whereMasked(logits, out, 0), share: mul(inside, reciprocal(sum(inside, { axis: 1, keep: true }))) };
}

const constant = (like: Tensor, value: number): Tensor => fill(like.engine, [], value, like.dtype);

const excluded = (logits: Tensor): Tensor => equal(logits, constant(logits, -Infinity));
