// Byte-pair encoding learnt from word counts: the most frequent pair of neighbours becomes a token, again and again.
// Follows the trainer of the Rust library (Sennrich et al. 2016, arXiv:1508.07909); counts are kept up to date word by word, never counted anew.

import type { Pace } from "@attune/core";
import { PAIR_BASE, PairQueue } from "./pair-queue.ts";

export interface LearnOptions {
  /** Tokens that are there before: special ones, then the alphabet. */
  readonly tokens: readonly string[];
  /** Tokens at the end, if the words have so many. */
  readonly size: number;
  /** Occurrences that a pair must have. */
  readonly minFrequency: number;
  /** Written before a token that does not begin a word: "##", or "". */
  readonly prefix: string;
  /** Asked after every merge. */
  readonly pace: Pace;
  /** Told now and then how many tokens there are. */
  onProgress?(tokens: number): void;
}

export interface Learnt {
  /** By id. */
  readonly tokens: string[];
  /** Pairs in the order in which they became tokens. */
  readonly merges: [string, string][];
}

/** A word as ids of its tokens, the first `length` of `ids`. */
interface Word {
  readonly ids: Int32Array;
  length: number;
  readonly count: number;
}

/** Learns tokens up to `size`. Characters that are no token are left out of their words. Pauses do not change what is learnt. */
export async function learnMerges(
  counts: ReadonlyMap<string, number>,
  { tokens, size, minFrequency, prefix, pace, onProgress }: LearnOptions,
): Promise<Learnt> {
  const learnt = [...tokens];
  const ids = new Map(learnt.map((token, id) => [token, id]));
  const words = wordsOf(counts, ids, prefix);
  const pairs = new PairCounts(words);
  const merges: [string, string][] = [];
  const done = new Set<number>();
  while (learnt.length < size) {
    const pair = pairs.mostFrequent(minFrequency);
    if (pair === undefined) break;
    const [left, right] = [Math.floor(pair / PAIR_BASE), pair % PAIR_BASE];
    const token = learnt[left] + learnt[right].slice(prefix.length);
    let id = ids.get(token);
    if (id === undefined) ids.set(token, (id = learnt.push(token) - 1));
    // Tokens that come about in two ways can bring a pair back that was merged before.
    if (!done.has(pair)) merges.push([learnt[left], learnt[right]]);
    done.add(pair);
    pairs.merge(pair, id);
    if (learnt.length % 500 === 0) onProgress?.(learnt.length);
    if (pace.due) await pace.pause();
  }
  return { tokens: learnt, merges };
}

function wordsOf(counts: ReadonlyMap<string, number>, ids: ReadonlyMap<string, number>, prefix: string): Word[] {
  const words: Word[] = [];
  for (const [word, count] of counts) {
    const symbols: number[] = [];
    let first = true;
    for (const character of word) {
      const id = ids.get(first ? character : prefix + character);
      if (id !== undefined) symbols.push(id);
      first = false;
    }
    if (symbols.length > 1) words.push({ ids: Int32Array.from(symbols), length: symbols.length, count });
  }
  return words;
}

/** How often pairs of neighbours occur, and in which words. */
class PairCounts {
  readonly #words: readonly Word[];
  readonly #counts = new Map<number, number>();
  /** Words in which a pair occurs or occurred, some more than once. */
  readonly #places = new Map<number, number[]>();
  readonly #queue = new PairQueue();

  constructor(words: readonly Word[]) {
    this.#words = words;
    words.forEach(({ ids, length, count }, at) => {
      for (let i = 1; i < length; i++) this.#add(ids[i - 1] * PAIR_BASE + ids[i], count, at);
    });
    for (const [pair, count] of this.#counts) this.#queue.push(pair, count);
  }

  /** The most frequent pair, with at least so many occurrences. */
  mostFrequent(atLeast: number): number | undefined {
    while (this.#queue.size > 0) {
      const { pair, count } = this.#queue.pop();
      const now = this.#counts.get(pair) ?? 0;
      if (now === count) return count >= Math.max(1, atLeast) ? pair : undefined;
      if (now > 0 && now < count) this.#queue.push(pair, now); // a larger count has its own entry
    }
    return undefined;
  }

  /** Makes one token of a pair, in every word. */
  merge(pair: number, id: number): void {
    const grown = new Set<number>();
    for (const at of this.#places.get(pair) ?? []) this.#mergeIn(at, pair, id, grown);
    this.#counts.delete(pair);
    this.#places.delete(pair);
    grown.delete(pair);
    for (const one of grown) {
      const count = this.#counts.get(one)!;
      if (count > 0) this.#queue.push(one, count);
    }
  }

  #mergeIn(at: number, pair: number, id: number, grown: Set<number>): void {
    const word = this.#words[at];
    const { ids, count } = word;
    const [left, right] = [Math.floor(pair / PAIR_BASE), pair % PAIR_BASE];
    let to = 0;
    for (let from = 0; from < word.length; from++, to++) {
      ids[to] = ids[from];
      if (ids[from] !== left || from + 1 >= word.length || ids[from + 1] !== right) continue;
      if (to > 0) {
        this.#add(ids[to - 1] * PAIR_BASE + left, -count, at);
        grown.add(this.#add(ids[to - 1] * PAIR_BASE + id, count, at));
      }
      if (from + 2 < word.length) {
        this.#add(right * PAIR_BASE + ids[from + 2], -count, at);
        grown.add(this.#add(id * PAIR_BASE + ids[from + 2], count, at));
      }
      ids[to] = id;
      from++;
    }
    word.length = to;
  }

  #add(pair: number, count: number, at: number): number {
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + count);
    if (count < 0) return pair;
    const places = this.#places.get(pair);
    if (!places) this.#places.set(pair, [at]);
    else if (places.at(-1) !== at) places.push(at);
    return pair;
  }
}
