// How far apart the two texts of a pair are, for the losses that have a margin.

import { abs, addScalar, affine, fill, l2Normalize, maximum, mul, sqrt, square, sub, sum } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { z } from "zod";

/** The option of a loss that says which distance it means. */
export const distanceOption = z.enum(["cosine", "euclidean", "manhattan"]).describe("how far apart two embeddings are");

/** What PyTorch's pairwise_distance adds to each difference; the contrastive losses of sentence-transformers use that function. */
export const PYTORCH_NUDGE = 1e-6;

/** PyTorch's cosine_similarity divides by norms of at least this. */
const SMALLEST_NORM = 1e-8;

/** Below this, the square of a Euclidean distance counts as constant: equal vectors get the gradient 0 and not 0/0. */
const SMALLEST_SQUARE = 1e-24;

/** Cosine of each pair of rows. a [N D] · b [N D] → [N]. */
export function pairCosine(a: Tensor, b: Tensor): Tensor {
  return sum(mul(l2Normalize(a, { eps: SMALLEST_NORM }), l2Normalize(b, { eps: SMALLEST_NORM })), { axis: -1 });
}

/** Distance of each pair of rows: 1 − cosine, ‖a − b + nudge‖₂ or ‖a − b + nudge‖₁. a [N D] · b [N D] → [N]. */
export function pairDistance(kind: z.output<typeof distanceOption>, a: Tensor, b: Tensor, { nudge = 0 }: { nudge?: number } = {}): Tensor {
  const difference = (): Tensor => (nudge === 0 ? sub(a, b) : addScalar(sub(a, b), nudge)); // [N D]
  switch (kind) {
    case "cosine":
      return affine(pairCosine(a, b), { scale: -1, shift: 1 });
    case "euclidean":
      return sqrt(maximum(sum(square(difference()), { axis: -1 }), fill(a.engine, [], SMALLEST_SQUARE, a.dtype)));
    case "manhattan":
      return sum(abs(difference()), { axis: -1 });
    default:
      return kind satisfies never;
  }
}
