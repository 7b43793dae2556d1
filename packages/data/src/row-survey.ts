// What is odd about training rows: repeated pairs, rows that contradict each other, pairs that would be false negatives of each other in a batch.
// Looks at rows one by one and keeps their texts; it judges no text by its meaning.

import { normalisedText } from "./normalised-text.ts";
import { labelOf, textOf, type Row } from "./row.ts";

/** Something that a person should look at. */
export interface Finding {
  readonly kind:
    | "bad-row"
    | "duplicate"
    | "near-duplicate"
    | "conflicting-label"
    | "positive-and-negative"
    | "anchor-is-positive"
    | "anchor-is-negative"
    | "unknown-id"
    | "leak"
    | "empty-text"
    | "duplicate-document"
    | "unused-document"
    | "unused-query";
  readonly count: number;
  /** The first few, as `file:line`. */
  readonly places: readonly string[];
}

/** What a survey found. */
export interface RowFacts {
  readonly rows: number;
  /** Anchor with positive. */
  readonly pairs: number;
  readonly negatives: number;
  readonly labelled: number;
  readonly anchors: number;
  readonly distinctPositives: number;
  readonly findings: readonly Finding[];
  /** Batch size -> how many of its rows meet, on average, a right answer of theirs among the other rows' positives. */
  readonly falseNegatives: Readonly<Record<number, number>>;
}

/** Places that are kept of each finding. */
const PLACES = 5;

class Collected {
  count = 0;
  readonly places: string[] = [];

  add(place: string): void {
    this.count++;
    if (this.places.length < PLACES) this.places.push(place);
  }
}

/** What is known of an anchor so far. */
interface Known {
  readonly positives: Set<string>;
  readonly negatives: Set<string>;
}

export class RowSurvey {
  #rows = 0;
  #pairs = 0;
  #negatives = 0;
  #labelled = 0;
  readonly #found = new Map<Finding["kind"], Collected>();
  /** Pair -> the place where it stood first, and its label. */
  readonly #exact = new Map<string, { place: string; label: number | undefined }>();
  readonly #near = new Map<string, string>();
  readonly #anchors = new Map<string, Known>();
  readonly #anchorCounts = new Map<string, number>();
  readonly #positiveCounts = new Map<string, number>();
  readonly #pairCounts = new Map<string, number>();

  /** Takes a row in; `place` is where a person finds it. */
  add(row: Row, place: string): void {
    this.#rows++;
    this.#negatives += row.negatives.length;
    const label = labelOf(row);
    if (label !== undefined) this.#labelled++;
    const known = this.#known(row.anchor);
    for (const text of row.positives) this.#pair(row.anchor, textOf(text), { place, label, known });
    for (const text of row.negatives) this.#negative(row.anchor, textOf(text), { place, known });
  }

  /** A row that could not be read. */
  addBad(place: string): void {
    this.#note("bad-row", place);
  }

  facts(batchSizes: readonly number[]): RowFacts {
    return {
      rows: this.#rows,
      pairs: this.#pairs,
      negatives: this.#negatives,
      labelled: this.#labelled,
      anchors: this.#anchors.size,
      distinctPositives: this.#positiveCounts.size,
      findings: [...this.#found].map(([kind, { count, places }]) => ({ kind, count, places })),
      falseNegatives: Object.fromEntries(batchSizes.map((size) => [size, this.#falseNegatives(size)])),
    };
  }

  #pair(anchor: string, positive: string, { place, label, known }: { place: string; label: number | undefined; known: Known }): void {
    this.#pairs++;
    const key = `${anchor}\u0000${positive}`;
    const before = this.#exact.get(key);
    const near = `${normalisedText(anchor)}\u0000${normalisedText(positive)}`;
    const nearBefore = this.#near.get(near);
    if (before && before.label !== label) this.#note("conflicting-label", `${place} and ${before.place}`);
    else if (before) this.#note("duplicate", `${place} and ${before.place}`);
    else if (nearBefore !== undefined) this.#note("near-duplicate", `${place} and ${nearBefore}`);
    if (!before) this.#exact.set(key, { place, label });
    if (nearBefore === undefined) this.#near.set(near, place);
    if (anchor === positive && label === undefined) this.#note("anchor-is-positive", place);
    if (known.negatives.has(positive)) this.#note("positive-and-negative", place);
    known.positives.add(positive);
    count(this.#anchorCounts, anchor);
    count(this.#positiveCounts, positive);
    count(this.#pairCounts, key);
  }

  #negative(anchor: string, negative: string, { place, known }: { place: string; known: Known }): void {
    if (known.positives.has(negative)) this.#note("positive-and-negative", place);
    else if (anchor === negative) this.#note("anchor-is-negative", place);
    known.negatives.add(negative);
  }

  #known(anchor: string): Known {
    const known = this.#anchors.get(anchor) ?? { positives: new Set(), negatives: new Set() };
    this.#anchors.set(anchor, known);
    return known;
  }

  /** Rows of a batch drawn at random for which another one has the same anchor or the same positive, on average. */
  #falseNegatives(batchSize: number): number {
    if (this.#pairs < 2) return 0;
    const size = Math.min(batchSize, this.#pairs);
    let expected = 0;
    for (const [key, same] of this.#pairCounts) {
      const [anchor, positive] = key.split("\u0000");
      const related = this.#anchorCounts.get(anchor)! + this.#positiveCounts.get(positive)! - same - 1;
      expected += same * (1 - noneDrawn(this.#pairs - 1, related, size - 1));
    }
    return (expected / this.#pairs) * size;
  }

  #note(kind: Finding["kind"], place: string): void {
    const collected = this.#found.get(kind) ?? new Collected();
    this.#found.set(kind, collected);
    collected.add(place);
  }
}

/** The chance that `draws` of `all` without replacement hold none of `special`. */
function noneDrawn(all: number, special: number, draws: number): number {
  if (draws + special > all) return 0;
  let chance = 1;
  for (let i = 0; i < Math.min(special, draws); i++) chance *= (all - Math.max(special, draws) - i) / (all - i);
  return chance;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
