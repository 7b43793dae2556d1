// Counts of what losses ask of rows: hard negatives, and labels that differ. Row by row, for rows in memory and for those that stream by.

import { labelOf, type Row } from "./row.ts";

/** How many rows have what a loss may need. */
export interface RowCounts {
  readonly rows: number;
  /** Rows with a label or a score. */
  readonly labelled: number;
  /** Whether two of these differ. */
  readonly labelsDiffer: boolean;
  /** Rows with a hard negative. */
  readonly withNegatives: number;
  /** The first row without a label, and without a hard negative: its number, from 0. */
  readonly firstUnlabelled?: number;
  readonly firstWithoutNegatives?: number;
}

/** The counts of rows that are given with their numbers. */
export function countRows(rows: Iterable<readonly [number, Row]>): RowCounts {
  const counter = new RowCounter();
  for (const [index, row] of rows) counter.add(row, index);
  return counter.counts();
}

export class RowCounter {
  #rows = 0;
  #labelled = 0;
  #withNegatives = 0;
  #label: number | undefined;
  #labelsDiffer = false;
  #firstUnlabelled: number | undefined;
  #firstWithoutNegatives: number | undefined;

  add(row: Row, index = this.#rows): void {
    this.#rows++;
    const label = labelOf(row);
    if (label === undefined) this.#firstUnlabelled ??= index;
    else {
      this.#labelled++;
      this.#label ??= label;
      this.#labelsDiffer ||= label !== this.#label;
    }
    if (row.negatives.length > 0) this.#withNegatives++;
    else this.#firstWithoutNegatives ??= index;
  }

  counts(): RowCounts {
    return {
      rows: this.#rows,
      labelled: this.#labelled,
      labelsDiffer: this.#labelsDiffer,
      withNegatives: this.#withNegatives,
      ...(this.#firstUnlabelled !== undefined && { firstUnlabelled: this.#firstUnlabelled }),
      ...(this.#firstWithoutNegatives !== undefined && { firstWithoutNegatives: this.#firstWithoutNegatives }),
    };
  }
}
