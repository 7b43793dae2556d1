// How often each word occurs in texts: all that a vocabulary is learnt from.
// Words are cut by the stages that will cut them later, so what is learnt is what is met.

import type { Pace } from "@attune/core";
import type { Normalize } from "../normalizer.ts";
import type { PreTokenize } from "../pre-tokenizer.ts";

export interface CountOptions {
  readonly normalize: Normalize | undefined;
  readonly preTokenize: PreTokenize;
  /** Asked after every text. */
  readonly pace: Pace;
  /** Told after each text how many UTF-16 units were read. */
  onText?(units: number): void;
}

export interface WordCounts {
  /** In the order of their first occurrence. */
  readonly words: ReadonlyMap<string, number>;
  readonly texts: number;
  /** UTF-16 units of all texts. */
  readonly units: number;
}

/** V8 keeps words of so many units as views of their text, which would then stay in memory. */
const VIEW = 13;

/** Counts the words of all texts, which are read once. */
export async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  { normalize, preTokenize, pace, onText }: CountOptions,
): Promise<WordCounts> {
  const words = new Map<string, number>();
  let [count, units] = [0, 0];
  for await (const text of texts) {
    const whole = text.toWellFormed();
    for (const word of preTokenize(normalize ? normalize(whole) : whole, true)) {
      const known = words.get(word);
      if (known !== undefined) words.set(word, known + 1);
      else words.set(word.length < VIEW ? word : word.split("").join(""), 1);
    }
    count++;
    units += text.length;
    onText?.(units);
    if (pace.due) await pace.pause();
  }
  return { words, texts: count, units };
}
