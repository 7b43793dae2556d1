// Online contrastive: of the pairs of a batch only the hard ones train. Which ones are hard is found on the device, by comparing distances.

import { add, affine, fill, gather, greater, less, max, mean, min, relu, square, sum, where } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { z } from "zod";
import { distanceOption, pairDistance, PYTORCH_NUDGE } from "./distances.ts";
import { defineLoss } from "./loss.ts";

const options = z.strictObject({
  distance: distanceOption.default("cosine"),
  margin: z.number().min(0).default(0.5).describe("distance from which a pair that does not belong together is left alone"),
});

/**
 *     together = distances of the pairs with label 1, apart = of those with label 0
 *     loss     = Σ d²                   over d of together with d > min(apart)
 *              + Σ max(0, margin − d)²  over d of apart with d < max(together)
 *
 * Where there is at most one pair of the other kind, the mean of its own kind stands for the minimum or maximum. Labels other than 0 and 1 are
 * E_LOSS_INPUT; hard negatives of a row play no part. A sum, not a mean, as in sentence-transformers OnlineContrastiveLoss.
 * @see Hadsell, Chopra and LeCun 2006, Dimensionality Reduction by Learning an Invariant Mapping
 */
export const onlineContrastive = defineLoss({
  name: "online-contrastive",
  summary: "contrastive loss of the hard pairs of each batch only",
  options,
  needs: ["candidates", "targets", "labels"],
  requires: () => ({
    rows: "several",
    labelRange: {
      least: 0,
      most: 1,
      whole: true,
      expected: "0 (apart) or 1 (together)",
      hint: "use contrastive or cosent for graded labels",
    },
  }),
  compute({ anchor, candidates, targets, labels }, { distance, margin }) {
    const { engine } = anchor;
    const distances = pairDistance(distance, anchor, gather(candidates, engine.from(targets)), { nudge: PYTORCH_NUDGE }); // [B]
    const together = withLabel(distances, labels, 1);
    const apart = withLabel(distances, labels, 0);
    const terms: Tensor[] = [];
    if (together) {
      const limit = engine.noGradient(() => (apart && apart.size > 1 ? min(apart) : mean(together)));
      terms.push(sumWhere(greater(together, limit), square(together)));
    }
    if (apart) {
      const limit = engine.noGradient(() => (together && together.size > 1 ? max(together) : mean(apart)));
      terms.push(sumWhere(less(apart, limit), square(relu(affine(apart, { scale: -1, shift: margin })))));
    }
    return terms.reduce(add);
  },
});

/** The distances of the rows with one label; undefined where there is none. */
function withLabel(distances: Tensor, labels: Float32Array, label: number): Tensor | undefined {
  const rows = Array.from(labels.keys()).filter((row) => labels[row] === label);
  return rows.length > 0 ? gather(distances, distances.engine.from(Int32Array.from(rows))) : undefined;
}

function sumWhere(chosen: Tensor, terms: Tensor): Tensor {
  return sum(where(chosen, terms, fill(terms.engine, [], 0, terms.dtype)));
}
