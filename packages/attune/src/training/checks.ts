// What is looked at before a training starts, so that it is said before hours of it: losses that the rows do not fit.

import { AttuneError } from "@attune/core";
import { labelOf } from "@attune/data";
import type { DataFacts, Row } from "@attune/data";
import type { Loss } from "@attune/losses";
import type { TrainConfig } from "@attune/train";

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

/** A warning for batches of one row: a loss that compares with other rows then has nothing to compare with. */
export function loneAnchors({ loss, options: { batchSize } }: TrainConfig, sample: readonly Row[]): string[] {
  if (batchSize > 1) return [];
  const ofPairs = ["cosine-similarity", "contrastive"].includes(loss.name);
  if (ofPairs || (loss.name !== "cosent" && sample.every(({ negatives }) => negatives.length > 0))) return [];
  return [
    `with --batch-size 1 the loss ${loss.name} has no other row to compare with, so rows without negatives teach nothing (--batch-size 32)`,
  ];
}
