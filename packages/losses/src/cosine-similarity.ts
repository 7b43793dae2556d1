// Cosine similarity: the cosine of each pair is pulled to its label.

import { gather, mean, square, sub } from "@attune/tensor";
import { z } from "zod";
import { pairCosine } from "./distances.ts";
import { defineLoss } from "./loss.ts";

/**
 *     loss = mean_i ( (cos(anchor_i, positive_i) − label_i)² )
 *
 * Labels lie between −1 and 1; E_LOSS_INPUT for others. Semantics of sentence-transformers CosineSimilarityLoss.
 * @see Reimers and Gurevych 2019, arXiv:1908.10084, section 3 (regression objective)
 */
export const cosineSimilarity = defineLoss({
  name: "cosine-similarity",
  summary: "pulls the cosine of each pair to its label; for graded similarity",
  options: z.strictObject({}),
  needs: ["candidates", "targets", "labels"],
  requires: () => ({
    labelRange: {
      least: -1,
      most: 1,
      expected: "−1 to 1",
      hint: "divide the scores by their largest (5 for STS), or use cosent, which reads only their order",
    },
  }),
  compute({ anchor, candidates, targets, labels }) {
    const { engine } = anchor;
    const cosines = pairCosine(anchor, gather(candidates, engine.from(targets))); // [B]
    return mean(square(sub(cosines, engine.from(labels, [labels.length], anchor.dtype))));
  },
});
