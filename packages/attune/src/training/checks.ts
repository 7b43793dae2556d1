// What is looked at before a training starts, so that it is said before hours of it: losses that the rows do not fit.

import { AttuneError } from "@attune/core";
import { labelOf } from "@attune/data";
import type { DataFacts, Row } from "@attune/data";
import type { Loss } from "@attune/losses";
import { warmupSteps } from "@attune/optim";
import type { TrainConfig } from "@attune/train";
import { plural } from "../report/numbers.ts";

/** A loss that compares labels, and rows that have none: E_LOSS_INPUT. */
export function expectLabels({ loss, lossFor, rows }: TrainConfig, data: string, facts: DataFacts): void {
  const lossOf = (row: number): Loss => lossFor?.of(row) ?? loss;
  const missing = rows.findIndex((row, i) => labelOf(row) === undefined && lossOf(i).needs.includes("labels"));
  const streamed = rows.length === 0 && facts.labelled < facts.rows && loss.needs.includes("labels");
  if (missing < 0 && !streamed) return;
  const which = streamed ? `${facts.rows - facts.labelled} rows have` : `row ${missing + 1} has`;
  throw new AttuneError({
    code: "E_LOSS_INPUT",
    place: data,
    problem: `${which} neither "score" nor "label", and the loss ${lossOf(Math.max(missing, 0)).name} compares them`,
    hint: "give every row one, or choose a loss that needs none (infonce)",
  });
}

/** The loss triplet, and a row or a setting without negatives: E_LOSS_INPUT. */
export function expectNegatives({ loss, lossFor, rows, options: { negatives } }: TrainConfig, data: string): void {
  const without = rows.findIndex(
    (row, i) => (lossFor?.of(i) ?? loss).name === "triplet" && (negatives === 0 || row.negatives.length === 0),
  );
  if (without < 0) return;
  throw new AttuneError({
    code: "E_LOSS_INPUT",
    place: data,
    problem: `${negatives === 0 ? "--negatives 0 leaves rows without a negative" : `row ${without + 1} has no negative`}, and the loss triplet compares each positive with one`,
    hint: "give every row one, or choose infonce, for which the other rows' positives are negatives",
  });
}

/** A warning for a warm-up that is as long as the training. */
export function endlessWarmup({ options: { warmup } }: TrainConfig, steps: number): string[] {
  const rising = warmupSteps(warmup, steps);
  if (rising < steps) return [];
  if (steps === 1)
    return ["there is one step, and the warm-up begins at a learning rate of 0: nothing is learnt (--warmup 0, or more --epochs)"];
  return [`all ${plural(steps, "step")} are warm-up, so the learning rate never reaches --learning-rate (a smaller --warmup)`];
}

/** A warning for batches of one row: a loss that compares with other rows then has nothing to compare with. */
export function loneAnchors({ loss, options: { batchSize } }: TrainConfig, sample: readonly Row[]): string[] {
  if (batchSize > 1) return [];
  const ofPairs = ["cosine-similarity", "contrastive"].includes(loss.name);
  if (ofPairs || (loss.name !== "cosent" && sample.every(({ negatives }) => negatives.length > 0))) return [];
  return [
    `with --batch-size 1 the loss ${loss.name} has no other row to compare with, so rows without negatives teach nothing (--batch-size 32)`,
  ];
}
