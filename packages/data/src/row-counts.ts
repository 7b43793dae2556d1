// Counts of what losses ask of rows: hard negatives, and labels that differ. Row by row, for rows in memory and for those that stream by.

import type { RowPlace } from "./read-rows.ts";
import { labelOf, type Row } from "./row.ts";

/** How many rows have what a loss may need. */
export interface RowCounts {
  readonly rows: number;
  /** Rows with a label or a score. */
  readonly labelled: number;
  /** Of their labels the least, the greatest, and the first that is no whole number. */
  readonly labels?: { readonly least: LabelAt; readonly most: LabelAt; readonly broken?: LabelAt };
  /** Rows with a hard negative. */
  readonly withNegatives: number;
  /** The first row without a label, and without a hard negative: its number, from 0. */
  readonly firstUnlabelled?: number;
  readonly firstWithoutNegatives?: number;
}

/** A label, and the number of its row. */
export interface LabelAt {
  readonly label: number;
  readonly row: number;
}

/** The counts of rows that are given with their numbers. */
export function countRows(rows: Iterable<readonly [number, Row]>): RowCounts {
  const counter = new RowCounter();
  for (const [index, row] of rows) counter.add(row, { index });
  return counter.counts();
}

export class RowCounter {
  #rows = 0;
  #labelled = 0;
  #withNegatives = 0;
  #labels: RowCounts["labels"];
  #firstUnlabelled: number | undefined;
  #firstWithoutNegatives: number | undefined;
  #places = new Map<number, RowPlace>();

  add(row: Row, { index = this.#rows, place }: { index?: number; place?: RowPlace | undefined } = {}): void {
    this.#rows++;
    const label = labelOf(row);
    if (label === undefined) this.#firstUnlabelled ??= index;
    else {
      this.#labelled++;
      this.#labels = withLabel(this.#labels, { label, row: index });
    }
    if (row.negatives.length > 0) this.#withNegatives++;
    else this.#firstWithoutNegatives ??= index;
    if (place && this.#names(index)) this.#places = new Map([...this.#places, [index, place] as const].filter(([at]) => this.#names(at)));
  }

  /** Where a row stands that the counts name by its number: of all others it is forgotten, since rows that stream by are many. */
  placeOf(row: number): RowPlace | undefined {
    return this.#places.get(row);
  }

  #names(row: number): boolean {
    const { least, most, broken } = this.#labels ?? {};
    return [this.#firstUnlabelled, this.#firstWithoutNegatives, least?.row, most?.row, broken?.row].includes(row);
  }

  counts(): RowCounts {
    return {
      rows: this.#rows,
      labelled: this.#labelled,
      withNegatives: this.#withNegatives,
      ...(this.#labels && { labels: this.#labels }),
      ...(this.#firstUnlabelled !== undefined && { firstUnlabelled: this.#firstUnlabelled }),
      ...(this.#firstWithoutNegatives !== undefined && { firstWithoutNegatives: this.#firstWithoutNegatives }),
    };
  }
}

function withLabel(labels: RowCounts["labels"], at: LabelAt): NonNullable<RowCounts["labels"]> {
  if (!labels) return { least: at, most: at, ...(!Number.isInteger(at.label) && { broken: at }) };
  const { least, most, broken } = labels;
  const first = broken ?? (Number.isInteger(at.label) ? undefined : at);
  return { least: at.label < least.label ? at : least, most: at.label > most.label ? at : most, ...(first && { broken: first }) };
}
