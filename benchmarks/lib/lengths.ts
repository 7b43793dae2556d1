// Batches with the token lengths of real data (fixtures/lengths) and arbitrary ids: what a step costs depends on lengths, not on words.

import { readFileSync } from "node:fs";
import type { PackedTokens } from "@attune/tensor";

interface Recorded {
  readonly anchor: readonly number[];
  readonly positive: readonly number[];
  readonly text: readonly number[];
}

type Name = "scifact-train" | "scifact-corpus" | "stsb-train";

function recorded(name: Name): Recorded {
  return JSON.parse(readFileSync(new URL(`../../fixtures/lengths/${name}.json`, import.meta.url), "utf8")) as Recorded;
}

/** Lengths of one training batch: B anchors, then the candidates, B positives first. */
export interface BatchLengths {
  readonly anchors: number;
  readonly lengths: readonly number[];
}

const cut = (lengths: readonly number[], most: number): number[] => lengths.map((length) => Math.min(length, most));

/** Batch `index` of `size` pairs in recorded order (wrapping around), cut at `most`, with `negatives` documents for each pair. */
export function pairs(
  name: "scifact-train" | "stsb-train",
  { size, most, index = 0, negatives = 0 }: { size: number; most: number; index?: number; negatives?: number },
): BatchLengths {
  const { anchor, positive } = recorded(name);
  const take = (from: readonly number[], start: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from[(start + i) % from.length]);
  const start = index * size;
  const documents = negatives === 0 ? [] : take(recorded("scifact-corpus").text, start * negatives, size * negatives);
  return { anchors: size, lengths: cut([...take(anchor, start, size), ...take(positive, start, size), ...documents], most) };
}

/** `count` texts of equal length, as pairs. */
export const uniform = (count: number, length: number): BatchLengths => ({
  anchors: count / 2,
  lengths: Array.from({ length: count }, () => length),
});

/** Documents of the SciFact corpus as `encode` batches them: sorted by length in windows, the longest first, at most `batchTokens` in a batch. */
export function corpusBatches({ most = 256, batchTokens = 8192, count = 2048 } = {}): number[][] {
  const lengths = cut(recorded("scifact-corpus").text.slice(0, count), most).sort((a, b) => b - a);
  const batches: number[][] = [];
  let tokens = Infinity;
  for (const length of lengths) {
    if (tokens + length > batchTokens) {
      batches.push([]);
      tokens = 0;
    }
    batches.at(-1)!.push(length);
    tokens += length;
  }
  return batches;
}

/** A packed batch of texts of these lengths; ids below `vocabulary`, the same for the same lengths. */
export function tokensOf(lengths: readonly number[], vocabulary: number): PackedTokens {
  const cuSeqlens = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => (cuSeqlens[i + 1] = cuSeqlens[i] + length));
  let state = 1;
  const draw = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const ids = Int32Array.from({ length: cuSeqlens[lengths.length] }, () => Math.floor((draw() / 2 ** 32) * vocabulary));
  return { ids, cuSeqlens, maxLength: Math.max(0, ...lengths) };
}
