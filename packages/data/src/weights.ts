// How often a row is met in an epoch. A weight of 2 is twice; one of 0.25 is every fourth epoch, another quarter of such rows each time.
// Nothing is remembered from epoch to epoch: a row's count up to any epoch is a formula, so that a resumed run goes on exactly.

import { createRandom } from "@attune/core";
import type { Row } from "./row.ts";

/** The numbers of a row's occurrences in one epoch, counted over the whole training: from `first` up to, without, `end`. */
export interface Occurrences {
  readonly first: number;
  readonly end: number;
}

/**
 * Gives each row's occurrences in an epoch by its number. After e epochs a row of weight w was met floor(e·w + phase) times; the phases of
 * rows with one weight are spread evenly in an order drawn by `seed`, so that epochs differ by one row at most.
 */
export function occurrencesOf(rows: readonly Row[], seed: number, epoch: number): (row: number) => Occurrences {
  const phases = phasesOf(rows, seed);
  return (row) => {
    const { weight = 1 } = rows[row];
    const phase = phases.get(row) ?? 0;
    return { first: Math.floor(epoch * weight + phase), end: Math.floor((epoch + 1) * weight + phase) };
  };
}

/** Row -> phase in (0, 1), for rows whose weight is no whole number. */
function phasesOf(rows: readonly Row[], seed: number): Map<number, number> {
  const fractional = [...rows.keys()].filter((row) => !Number.isInteger(rows[row].weight ?? 1));
  const phases = new Map<number, number>();
  for (const [weight, alike] of Map.groupBy(fractional, (row) => rows[row].weight)) {
    const order = createRandom(seed, `weights/${weight}`).shuffle(alike);
    for (const [rank, row] of order.entries()) phases.set(row, (rank + 0.5) / order.length);
  }
  return phases;
}
