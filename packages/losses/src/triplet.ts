// Triplet: the positive is to be nearer to the anchor than the negative is, by a margin.

import { addScalar, gather, mul, relu, sub, sum } from "@attune/tensor";
import { z } from "zod";
import { distanceOption, pairDistance } from "./distances.ts";
import { defineLoss, lossInputError } from "./loss.ts";
import type { BatchWith } from "./loss.ts";

const options = z.strictObject({
  distance: distanceOption.default("euclidean"),
  margin: z.number().min(0).default(5).describe("how much nearer the positive must be than the negative"),
});

/**
 *     loss = mean_i mean_n max(0, distance(anchor_i, positive_i) − distance(anchor_i, negative_in) + margin)
 *
 * Every row brings at least one negative, E_LOSS_INPUT otherwise; those of other rows play no part. A negative that is excluded for its row
 * counts as far enough away. With one negative per row these are the semantics of sentence-transformers TripletLoss.
 * @see Schroff, Kalenichenko and Philbin 2015, arXiv:1503.03832
 */
export const triplet = defineLoss({
  name: "triplet",
  summary: "keeps each positive nearer than the row's own negatives, by a margin",
  options,
  needs: ["candidates", "targets", "groups"],
  requires: () => ({ negatives: "required" }),
  compute(batch, { distance, margin }) {
    const { anchor, candidates, targets } = batch;
    const { engine } = anchor;
    const triplets = tripletsOf(batch);
    const rows = engine.from(Int32Array.from(triplets, ({ row }) => row));
    const negatives = gather(candidates, engine.from(Int32Array.from(triplets, ({ negative }) => negative))); // [N D]
    const toPositive = pairDistance(distance, anchor, gather(candidates, engine.from(targets))); // [B]
    const toNegative = pairDistance(distance, gather(anchor, rows), negatives); // [N]
    const violations = relu(addScalar(sub(gather(toPositive, rows), toNegative), margin)); // [N]
    const weights = triplets.map(({ weight }) => weight);
    return sum(mul(violations, engine.from(weights, [weights.length], anchor.dtype)));
  },
});

interface Triplet {
  readonly row: number;
  readonly negative: number;
  /** Its share in the mean. */
  readonly weight: number;
}

/** A triplet for each negative that each row brought. */
function tripletsOf({ targets, groups, exclude }: BatchWith<"targets" | "groups">): Triplet[] {
  const negatives = Array.from(targets, (): number[] => []);
  for (const [candidate, row] of groups.entries()) if (candidate !== targets[row]) negatives[row].push(candidate);
  const without = negatives.findIndex((own) => own.length === 0);
  if (without >= 0) {
    throw lossInputError("triplet", {
      problem: `needs a negative in every row, and row ${without + 1} of the batch has none`,
      hint: 'give every row a "negative" (or a "neg" list), or use infonce, for which the other rows\' positives are negatives',
    });
  }
  const excluded = (row: number, candidate: number): boolean => exclude?.[row * groups.length + candidate] === 1;
  return negatives.flatMap((own, row) =>
    own.map((negative) => ({ row, negative, weight: excluded(row, negative) ? 0 : 1 / (own.length * targets.length) })),
  );
}
