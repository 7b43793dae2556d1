// Rows kept out of training for evaluation, so that no document and no question is on both sides.

import { AttuneError, createRandom } from "@attune/core";
import { normalisedText } from "./normalised-text.ts";
import { atOnce, PIECE, withPauses, type Pieces } from "./pieces.ts";
import { documentKey, textOf, type Row } from "./row.ts";

export interface Split {
  readonly training: Row[];
  readonly heldOut: Row[];
}

/**
 * Holds out about `fraction` of the rows (never more), drawn by `seed`; both sides keep the order of the data. Rows that share a positive
 * (its id or its text) or their anchor are linked, be texts written in another case or with other white space, and linked rows stay together. Negatives do not link: as a negative, a document of the
 * other side teaches nothing about where it belongs. E_HOLD_OUT when every linked group is larger than what is to be held out, and when nothing is left to train on.
 */
export function holdOut(rows: readonly Row[], fraction: number, seed: number): Split {
  return atOnce(holdOutInPieces(rows, fraction, seed));
}

/** The same for many rows, with pauses in which a stop is heard: rejects with the signal's reason. */
export function holdOutStoppably(rows: readonly Row[], fraction: number, seed: number, signal: AbortSignal): Promise<Split> {
  return withPauses(holdOutInPieces(rows, fraction, seed), signal);
}

function* holdOutInPieces(rows: readonly Row[], fraction: number, seed: number): Pieces<Split> {
  const wanted = Math.max(1, Math.round(fraction * rows.length));
  const groups = createRandom(seed, "hold-out").shuffle(yield* linkedGroups(rows));
  const held = new Set<number>();
  for (const group of groups) if (held.size + group.length <= wanted) for (const row of group) held.add(row);
  if (held.size === rows.length) throw nothingLeft(rows.length, wanted);
  if (held.size === 0) throw cannotHoldOut(rows.length, wanted, groups);
  return { training: rows.filter((_, i) => !held.has(i)), heldOut: rows.filter((_, i) => held.has(i)) };
}

/** Connected components of rows over shared anchors and positives, as row numbers. */
function* linkedGroups(rows: readonly Row[]): Pieces<number[][]> {
  const parent = rows.map((_, i) => i);
  const rootOf = (row: number): number => {
    while (parent[row] !== row) row = parent[row] = parent[parent[row]];
    return row;
  };
  const firstWith = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    if (i % PIECE === 0) yield;
    for (const key of linksOf(row)) {
      const other = firstWith.get(key);
      if (other === undefined) firstWith.set(key, i);
      else parent[rootOf(i)] = rootOf(other);
    }
  }
  const groups = Map.groupBy(rows.keys(), rootOf);
  return [...groups.values()];
}

function linksOf(row: Row): string[] {
  const ids = row.positives.map(documentKey).filter((id) => id !== undefined);
  const texts = row.positives.map((text) => `text:${normalisedText(textOf(text))}`);
  return [`anchor:${normalisedText(row.anchor)}`, ...texts, ...ids.map((id) => `id:${id}`)];
}

function nothingLeft(rows: number, wanted: number): AttuneError {
  const problem = `${wanted} of ${rows} ${rows === 1 ? "row" : "rows"} held out leaves nothing to train on`;
  return new AttuneError({ code: "E_HOLD_OUT", place: "hold-out", problem, hint: "hold out less, or give evaluation data of its own" });
}

function cannotHoldOut(rows: number, wanted: number, groups: readonly number[][]): AttuneError {
  const smallest = groups.reduce((least, { length }) => Math.min(least, length), Infinity);
  return new AttuneError({
    code: "E_HOLD_OUT",
    place: "hold-out",
    problem: `${wanted} of ${rows} rows cannot be held out without sharing documents or anchors with training: the smallest linked group has ${smallest}`,
    hint: "give evaluation data of its own",
  });
}
