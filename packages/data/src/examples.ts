// Rows become training examples: one anchor with one positive and some negatives. Which ones is a pure function of (seed, epoch).

import { createRandom, type Random } from "@attune/core";
import { atOnce, PIECE, type Pieces } from "./pieces.ts";
import { documentKey, labelOf, textOf, type Row, type Text } from "./row.ts";
import { occurrencesOf, type Occurrences } from "./weights.ts";

/** What one line of a training batch is made of. */
export interface Example {
  /** Position of its row in the data. */
  readonly rowIndex: number;
  readonly anchor: string;
  readonly positive: string;
  /** What its document goes by, where it has an id. */
  readonly positiveId?: string;
  readonly negatives: readonly Text[];
  /** All positives of the row: none of them is a negative of this anchor. */
  readonly positives: readonly Text[];
  /** Score of the pair, or its label where it has no score. */
  readonly label?: number;
  readonly prompt?: string;
}

/** `each`: an example per positive. `rotate`: an example per row, its positives by turns each time it is met. `random`: one drawn per epoch. */
export type PositiveChoice = "each" | "rotate" | "random";

export interface ExpandOptions {
  readonly seed: number;
  readonly epoch: number;
  /** At most so many per example, drawn anew each epoch from rows that have more; all, when left out. Rows with fewer keep what they have. */
  readonly negatives?: number;
}

/**
 * The training examples of one epoch, in row order; a row with a weight comes as often as that says. Without weights their number is the
 * same in every epoch.
 */
export function expandPositives(rows: readonly Row[], choice: PositiveChoice, options: ExpandOptions): Example[] {
  return atOnce(expandInPieces(rows, choice, options));
}

/** The same in pieces. */
export function* expandInPieces(rows: readonly Row[], choice: PositiveChoice, options: ExpandOptions): Pieces<Example[]> {
  const examplesOf = expander(choice, options);
  const occurrences = occurrencesOf(rows, options.seed, options.epoch);
  const examples: Example[] = [];
  for (const [rowIndex, row] of rows.entries()) {
    if (rowIndex % PIECE === 0) yield;
    for (const example of examplesOf(row, rowIndex, occurrences(rowIndex))) examples.push(example);
  }
  return examples;
}

/** Makes the examples of one epoch row by row; the rows must come in order, each once. */
export function expander(
  choice: PositiveChoice,
  { seed, epoch, negatives = Infinity }: ExpandOptions,
): (row: Row, rowIndex: number, occurrences: Occurrences) => Example[] {
  const positiveRandom = createRandom(seed, `positives/epoch-${epoch}`);
  const negativeRandom = createRandom(seed, `negatives/epoch-${epoch}`);
  return (row, rowIndex, { first, end }) => {
    const examples: Example[] = [];
    for (let occurrence = first; occurrence < end; occurrence++) {
      for (const positive of chosen(row.positives, choice, occurrence, positiveRandom)) {
        examples.push(exampleOf(row, rowIndex, positive, draw(row.negatives, negatives, negativeRandom)));
      }
    }
    return examples;
  };
}

function chosen(positives: readonly Text[], choice: PositiveChoice, occurrence: number, random: Random): readonly Text[] {
  switch (choice) {
    case "each":
      return positives;
    case "rotate":
      return [positives[occurrence % positives.length]];
    case "random":
      return [positives[random.below(positives.length)]];
    default:
      return choice satisfies never;
  }
}

function exampleOf(row: Row, rowIndex: number, positive: Text, negatives: readonly Text[]): Example {
  const positiveId = documentKey(positive);
  const label = labelOf(row);
  return {
    rowIndex,
    anchor: row.anchor,
    positive: textOf(positive),
    ...(positiveId !== undefined && { positiveId }),
    negatives,
    positives: row.positives,
    ...(label !== undefined && { label }),
    ...(row.prompt !== undefined && { prompt: row.prompt }),
  };
}

/** `count` of a list without repetition, the whole list where it has no more. */
function draw<T>(list: readonly T[], count: number, random: Random): readonly T[] {
  return list.length <= count ? list : random.shuffle([...list]).slice(0, count);
}
