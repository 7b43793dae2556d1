// The alignment loss: positives are drawn to their anchors, and nothing is pushed away.

import { defineLoss } from "@attune/losses";
import { gather, l2Normalize, mean, scale, square, sub } from "@attune/tensor";
import { z } from "zod";

declare module "@attune/core" {
  interface PluginOptions {
    loss: { alignment: { weight?: number } };
  }
}

/**
 *     loss = weight · mean_i ‖ a_i/‖a_i‖ − p_i/‖p_i‖ ‖²
 *
 * @see Wang and Isola 2020, arXiv:2005.10242, section 4.1
 */
export const alignment = defineLoss({
  name: "alignment",
  summary: "draws each positive to its anchor; pushes nothing away",
  options: z.strictObject({ weight: z.number().positive().default(1).describe("factor of the loss") }),
  needs: ["candidates", "targets"],
  compute({ anchor, candidates, targets }, { weight }) {
    const positives = gather(candidates, anchor.engine.from(targets)); // [B D]
    const difference = sub(l2Normalize(anchor), l2Normalize(positives)); // [B D]
    return scale(mean(square(difference)), weight * anchor.shape[1]);
  },
});

export default alignment;
