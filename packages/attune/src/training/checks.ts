// What is looked at before a training starts, so that it is said before hours of it: losses that the rows do not fit, steps that do not come.

import { AttuneError } from "@attune/core";
import { countRows } from "@attune/data";
import type { RowCounts } from "@attune/data";
import { isInRange } from "@attune/losses";
import type { Loss } from "@attune/losses";
import { warmupSteps } from "@attune/optim";
import type { TrainConfig } from "@attune/train";
import { plural } from "../report/numbers.ts";

/** A loss, and what its rows have. */
interface Share {
  readonly loss: Loss;
  readonly counts: RowCounts;
}

/** What messages call the data, and where its rows stand, by their numbers in the training. */
interface CheckedData {
  readonly name: string;
  readonly placeOf: (row: number) => string | undefined;
}

/**
 * Rows that lack what their loss needs: E_LOSS_INPUT where one of them cannot be computed or none of them would teach anything, a warning where
 * some would not.
 */
export function checkRows(config: TrainConfig, { name, placeOf }: CheckedData): string[] {
  return sharesOf(config).flatMap((share) => {
    const wrong = labelProblem(share) ?? negativeProblem(share, config.options.negatives);
    if (wrong) {
      const { row, ...told } = wrong;
      throw new AttuneError({ code: "E_LOSS_INPUT", place: (row === undefined ? undefined : placeOf(row)) ?? name, ...told });
    }
    return [...silentRows(share), ...loneAnchors(share, config.options.batchSize)];
  });
}

function sharesOf({ loss, lossFor, rows, facts, options: { negatives } }: TrainConfig): Share[] {
  const counted = lossFor
    ? [...Map.groupBy(rows.entries(), ([row]) => lossFor.of(row))].map(([loss, own]) => ({ loss, counts: countRows(own) }))
    : [{ loss, counts: facts ?? countRows(rows.entries()) }];
  if (negatives !== 0) return counted;
  return counted.map(({ loss, counts }) => ({ loss, counts: { ...counts, withNegatives: 0 } }));
}

interface Problem {
  /** The row that is meant; all of them, when left out. */
  readonly row?: number;
  readonly problem: string;
  readonly hint: string;
}

function labelProblem({ loss, counts: { labels, firstUnlabelled } }: Share): Problem | undefined {
  const { labelRange, labels: asked } = loss.requires ?? {};
  if (loss.needs.includes("labels") && firstUnlabelled !== undefined) {
    return {
      row: firstUnlabelled,
      problem: `has neither "score" nor "label", and the loss ${loss.name} compares them`,
      hint: "give every row one, or choose a loss that needs none (infonce)",
    };
  }
  const odd = labels && labelRange && [labels.least, labels.most, labels.broken].find((at) => at && !isInRange(at.label, labelRange));
  if (odd) {
    const problem = `has the label ${odd.label}, and the loss ${loss.name} takes ${labelRange.expected}`;
    return { row: odd.row, problem, hint: labelRange.hint };
  }
  if (asked !== "differing" || labels?.least.label !== labels?.most.label) return undefined;
  return {
    problem: `all rows have the same label, and the loss ${loss.name} learns from labels that differ alone`,
    hint: "give rows that belong together less a lower one, or choose a loss that needs none (infonce)",
  };
}

function negativeProblem({ loss, counts }: Share, most: number | undefined): Problem | undefined {
  const { rows, withNegatives, firstWithoutNegatives: row = 0 } = counts;
  const { negatives = "in-batch" } = loss.requires ?? {};
  if (negatives === "in-batch" || withNegatives === rows) return undefined;
  if (negatives !== "required" && withNegatives > 0) return undefined;
  const hint = "give every row one (attune mine finds them), or use infonce as it is by default: the other rows' positives are negatives";
  if (most === 0)
    return { problem: `--negatives 0 leaves rows without a negative, and the loss ${loss.name} learns from negatives alone`, hint };
  if (withNegatives === 0) return { problem: `no row has a negative, and the loss ${loss.name} learns from negatives alone`, hint };
  const some = `has no negative (${rows - withNegatives} of ${plural(rows, "row")})`;
  return { row, problem: `${some}, and the loss ${loss.name} compares each positive with one`, hint };
}

/** A warning for rows without the negatives that their loss learns from. */
function silentRows({ loss, counts: { rows, withNegatives } }: Share): string[] {
  const { negatives } = loss.requires ?? {};
  if ((negatives !== "own" && negatives !== "hard") || withNegatives === rows) return [];
  const silent = negatives === "own" ? "those rows teach nothing" : "a batch of those rows teaches nothing";
  return [
    `${rows - withNegatives} of ${plural(rows, "row")} have no negative, and the loss ${loss.name} learns from negatives alone: ${silent}`,
  ];
}

/** A warning for batches of one row: a loss that compares with other rows then has nothing to compare with. */
function loneAnchors({ loss, counts: { rows, withNegatives } }: Share, batchSize: number): string[] {
  const { rows: several, labels, negatives } = loss.requires ?? {};
  const never = several !== undefined || labels !== undefined;
  if (batchSize > 1 || !(never || (negatives === "in-batch" && withNegatives < rows))) return [];
  const silent = never ? "nothing is learnt" : "rows without negatives teach nothing";
  return [`with --batch-size 1 the loss ${loss.name} has no other row to compare with, so ${silent} (--batch-size 32)`];
}

/** A warning for a warm-up that is as long as the training. */
export function endlessWarmup({ options: { warmup } }: TrainConfig, steps: number): string[] {
  const rising = warmupSteps(warmup, steps);
  if (rising < steps) return [];
  if (steps === 1)
    return ["there is one step, and the warm-up begins at a learning rate of 0: nothing is learnt (--warmup 0, or more --epochs)"];
  return [`all ${plural(steps, "step")} are warm-up, so the learning rate never reaches --learning-rate (a smaller --warmup)`];
}

/** A warning for epochs that are over before the steps that were asked for. */
export function earlyEnd({ options: { epochs, maxSteps = 0 } }: TrainConfig, steps: number): string[] {
  if (epochs === undefined || steps >= maxSteps) return [];
  return [
    `--epochs ${epochs} ends after ${plural(steps, "step")}, before --max-steps ${maxSteps} (without --epochs the data are repeated)`,
  ];
}
