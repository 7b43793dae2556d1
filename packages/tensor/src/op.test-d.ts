// Types of ops, compiled and never run.

import { attentionOp } from "./ops/attention.ts";
import { layerNorm, layerNormOp } from "./ops/layer-norm.ts";
import { linearOp } from "./ops/linear.ts";
import { topk } from "./ops/topk.ts";
import type { AnyOp, Cotangents, Gradients } from "./op.ts";
import { erase } from "./op.ts";
import type { Tensor } from "./tensor.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const assertions = {
  outputs: true satisfies Equal<ReturnType<typeof layerNormOp>, { y: Tensor; normal: Tensor; rstd: Tensor }>,
  optionalOutputs: true satisfies Equal<ReturnType<typeof linearOp>["pre"], Tensor | undefined>,
  friendly: true satisfies Equal<ReturnType<typeof layerNorm>, Tensor>,
  pairs: true satisfies Equal<ReturnType<typeof topk>, { values: Tensor; index: Tensor }>,
  attributes: true satisfies Equal<Parameters<typeof attentionOp>[1]["windowLeft"], number>,
  cotangents: true satisfies Equal<keyof Cotangents<{ y: Tensor; stats: Tensor }>, "dy" | "dstats">,
  lists: true satisfies Equal<Gradients<{ xs: readonly Tensor[] }>["xs"], readonly (Tensor | undefined)[] | undefined>,
  erased: erase(layerNormOp) satisfies AnyOp,
};
