// CoSENT: pairs with a higher label should have a higher cosine than pairs with a lower one.

import { concat, fill, gather, l2Normalize, logsumexp, mul, reshape, scale, sub, sum, whereMasked } from "@attune/tensor";
import { z } from "zod";
import { defineLoss } from "./loss.ts";
import { maskWhere } from "./masks.ts";

const options = z.strictObject({
  temperature: z.number().positive().default(0.05).describe("divides the cosines; smaller is sharper"),
});

/**
 *     s_i  = cos(anchor_i, positive_i) / temperature
 *     loss = log ( 1 + Σ exp(s_i − s_j) )   over all i, j with label_i < label_j
 *
 * Semantics of sentence-transformers CoSENTLoss with scale = 1 / temperature.
 * @see https://kexue.fm/archives/8847
 */
export const cosent = defineLoss({
  name: "cosent",
  summary: "ranks pairs by their labels; for graded similarity (STS)",
  options,
  needs: ["candidates", "targets", "labels"],
  requires: () => ({ labels: "differing" }),
  compute({ anchor, candidates, targets, labels }, { temperature }) {
    const { engine } = anchor;
    const rows = labels.length;
    const paired = gather(l2Normalize(candidates), engine.from(targets)); // [B D]
    const scores = scale(sum(mul(l2Normalize(anchor), paired), { axis: -1 }), 1 / temperature); // [B]
    const differences = sub(reshape(scores, [rows, 1]), reshape(scores, [1, rows])); // [B B]: s_i − s_j
    const others = engine.from(
      maskWhere([rows, rows], (i, j) => !(labels[i] < labels[j])),
      [rows, rows],
    );
    const kept = reshape(whereMasked(differences, others, -Infinity), [1, rows * rows]);
    return reshape(logsumexp(concat([fill(engine, [1, 1], 0, anchor.dtype), kept], { axis: 1 })), []); // the 0 is the 1 under the log
  },
});
