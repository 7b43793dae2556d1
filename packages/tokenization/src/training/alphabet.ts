// The characters that a vocabulary begins with, in the order of their numbers, as the Rust library has them.

import { byteCharacters } from "../byte-level.ts";

/** The most frequent characters of words, `limit` at most; of equally frequent ones those with the smaller number. */
export function alphabetOf(words: ReadonlyMap<string, number>, limit: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  const byCount = [...counts].sort(([a, m], [b, n]) => n - m || numberOf(a) - numberOf(b));
  return byCount
    .slice(0, limit)
    .map(([character]) => character)
    .sort((a, b) => numberOf(a) - numberOf(b));
}

/** The characters of `alphabet` that stand inside of words, not at their beginning, in the order of `alphabet`. */
export function continuationsIn(words: ReadonlyMap<string, number>, alphabet: readonly string[]): string[] {
  const found = new Set<string>();
  for (const word of words.keys()) {
    let first = true;
    for (const character of word) {
      if (!first) found.add(character);
      first = false;
    }
  }
  return alphabet.filter((character) => found.has(character));
}

/** The 256 characters that stand for bytes in byte-level BPE. */
export function byteAlphabet(): string[] {
  return [...byteCharacters].sort((a, b) => numberOf(a) - numberOf(b));
}

function numberOf(character: string): number {
  return character.codePointAt(0)!;
}
