// Contrastive: texts that belong together are pulled together, others are pushed apart until they are a margin away.

import { add, affine, gather, mean, mul, relu, scale, square, sum } from "@attune/tensor";
import { z } from "zod";
import { distanceOption, pairDistance, PYTORCH_NUDGE } from "./distances.ts";
import { defineLoss } from "./loss.ts";

const options = z.strictObject({
  distance: distanceOption.default("cosine"),
  margin: z.number().min(0).default(0.5).describe("distance from which a pair that does not belong together is left alone"),
  reduction: z.enum(["mean", "sum"]).default("mean").describe("what is made of the rows' losses"),
});

/**
 *     d_i  = distance(anchor_i, positive_i)
 *     loss = ½ · mean_i ( label_i · d_i² + (1 − label_i) · max(0, margin − d_i)² )
 *
 * Label 1: they belong together; 0: they do not; between: in part. Others are E_LOSS_INPUT. Hard negatives of a row play no part.
 * Semantics of sentence-transformers ContrastiveLoss (`reduction` = size_average).
 * @see Hadsell, Chopra and LeCun 2006, Dimensionality Reduction by Learning an Invariant Mapping
 */
export const contrastive = defineLoss({
  name: "contrastive",
  summary: "pulls pairs with label 1 together, pushes pairs with label 0 a margin apart",
  options,
  needs: ["candidates", "targets", "labels"],
  requires: () => ({
    labelRange: {
      least: 0,
      most: 1,
      expected: "0 (apart) to 1 (together)",
      hint: "scale the labels, or use cosent, which reads only their order",
    },
  }),
  compute({ anchor, candidates, targets, labels }, { distance, margin, reduction }) {
    const { engine } = anchor;
    const distances = pairDistance(distance, anchor, gather(candidates, engine.from(targets)), { nudge: PYTORCH_NUDGE }); // [B]
    const together = engine.from(labels, [labels.length], anchor.dtype);
    const pull = mul(together, square(distances));
    const push = mul(affine(together, { scale: -1, shift: 1 }), square(relu(affine(distances, { scale: -1, shift: margin }))));
    return scale((reduction === "mean" ? mean : sum)(add(pull, push)), 0.5);
  },
});
