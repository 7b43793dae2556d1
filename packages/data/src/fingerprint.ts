// A short name for the content of a data set, so that a resume notices other data. Not a cryptographic hash.

import { atOnce, withPauses, type Pieces } from "./pieces.ts";
import type { RowPlace } from "./read-rows.ts";
import { RowCounter, type RowCounts } from "./row-counts.ts";
import { idOf, textOf, type Row } from "./row.ts";

/** What identifies the rows of a training, and what must be known of them before it starts. */
export interface DataFacts extends RowCounts {
  readonly fingerprint: string;
}

/** 32 hexadecimal digits that depend on every field and on the order of all rows, and on nothing else. */
export function fingerprintRows(rows: readonly Row[]): string {
  return factsOf(rows).fingerprint;
}

/** The facts of rows in memory. */
export function factsOf(rows: Iterable<Row>): DataFacts {
  return atOnce(factsInPieces(rows));
}

/** The same for many rows, with pauses in which a stop is heard: rejects with the signal's reason. */
export function factsStoppably(rows: Iterable<Row>, signal: AbortSignal): Promise<DataFacts> {
  return withPauses(factsInPieces(rows), signal);
}

function* factsInPieces(rows: Iterable<Row>): Pieces<DataFacts> {
  const counter = new FactCounter();
  for (const row of rows) {
    counter.add(row);
    yield;
  }
  return counter.facts();
}

/** Takes rows in one by one, for those that stream by. */
export class FactCounter {
  readonly #lanes = new Uint32Array([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]); // the first digits of pi
  readonly #counter = new RowCounter();

  add(row: Row, place?: RowPlace): void {
    absorb(this.#lanes, canonical(row));
    this.#counter.add(row, { place });
  }

  /** Where a row stands that the facts name by its number. */
  placeOf(row: number): RowPlace | undefined {
    return this.#counter.placeOf(row);
  }

  facts(): DataFacts {
    const lanes = this.#lanes.slice();
    const counts = this.#counter.counts();
    absorb(lanes, `${counts.rows} rows`);
    const digits = Array.from(lanes, (_, i) =>
      finish(lanes[i] ^ lanes[(i + 1) % 4])
        .toString(16)
        .padStart(8, "0"),
    );
    return { ...counts, fingerprint: digits.join("") };
  }
}

/** Equal rows give equal strings, whatever the order of their keys. */
function canonical(row: Row): string {
  const texts = [row.positives, row.negatives].map((list) => list.map((text) => [textOf(text), idOf(text) ?? null]));
  const { id, anchor, label, score, positiveScores, negativeScores, prompt, type, weight } = row;
  const fields = [id, anchor, texts, label, score, positiveScores, negativeScores, prompt, type];
  return JSON.stringify(weight === undefined ? fields : [...fields, weight]);
}

/** Four lanes of MurmurHash3's mixing step with different rotations over the UTF-16 units of a text, each lane fed by its neighbour at the end. */
function absorb(lanes: Uint32Array, text: string): void {
  let [a, b, c, d] = lanes;
  for (let i = 0; i < text.length; i++) {
    let word = Math.imul(text.charCodeAt(i) + 1, 0xcc9e2d51);
    word = Math.imul(rotate(word, 15), 0x1b873593);
    a = (Math.imul(rotate(a ^ word, 13), 5) + 0xe6546b64) | 0;
    b = (Math.imul(rotate(b + word, 17), 9) + 0x561ccd1b) | 0;
    c = (Math.imul(rotate(c ^ word, 19), 13) + 0x0bcaa747) | 0;
    d = (Math.imul(rotate(d + word, 11), 17) + 0x85ebca6b) | 0;
  }
  lanes.set([a + d, b ^ a, c + b, d ^ c]);
}

/** Every bit of the result depends on every bit of `word` (MurmurHash3's finaliser). */
function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
