// Cuts one or two lists of token ids to a length, exactly as the Rust library does it, refusals included.

import { AttuneError } from "@attune/core";

/** Which text of a pair is cut. */
export type TruncationStrategy = "longest_first" | "only_first" | "only_second";

/** "right" drops tokens at the end, "left" at the beginning. */
export type TruncationDirection = "right" | "left";

export interface Truncation {
  /** Tokens that may stay, special tokens not counted. */
  readonly maxLength: number;
  readonly strategy: TruncationStrategy;
  readonly direction: TruncationDirection;
}

type Ids = readonly number[];

/** The texts' ids, cut; E_TRUNCATION where the strategy's text is missing or too short to give the tokens up. */
export function truncate(texts: readonly [Ids] | readonly [Ids, Ids], { maxLength, strategy, direction }: Truncation): readonly Ids[] {
  const total = texts.reduce((sum, ids) => sum + ids.length, 0);
  if (total <= maxLength) return texts;
  const [first, second] = keptLengths(texts[0].length, texts[1]?.length, { maxLength, strategy });
  return texts.map((ids, i) => keep(ids, i === 0 ? first : second, direction));
}

/** How many tokens of each text stay, for texts that are too long together. */
function keptLengths(first: number, second: number | undefined, { maxLength, strategy }: Omit<Truncation, "direction">): [number, number] {
  if (maxLength === 0) return [0, 0];
  if (strategy === "longest_first") return second === undefined ? [maxLength, 0] : balanced(first, second, maxLength);
  if (strategy === "only_second" && second === undefined) throw refusal(strategy, "there is no second text");
  const other = (strategy === "only_first" ? second : first) ?? 0;
  if (other >= maxLength) throw refusal(strategy, `the other text alone has ${other} tokens and only ${maxLength} may stay`);
  return strategy === "only_first" ? [maxLength - other, other] : [other, maxLength - other];
}

/** The shorter text stays whole if it needs at most half; otherwise each gets half, the second the odd one (the first, if it is the longer). */
function balanced(first: number, second: number, maxLength: number): [number, number] {
  const shorter = Math.min(first, second);
  const half = Math.floor(maxLength / 2);
  const [short, long] = 2 * shorter > maxLength ? [half, maxLength - half] : [shorter, maxLength - shorter];
  return first > second ? [long, short] : [short, long];
}

function keep(ids: Ids, length: number, direction: TruncationDirection): Ids {
  if (ids.length <= length) return ids;
  return direction === "right" ? ids.slice(0, length) : ids.slice(ids.length - length);
}

function refusal(strategy: TruncationStrategy, problem: string): AttuneError {
  return new AttuneError({
    code: "E_TRUNCATION",
    problem: `strategy "${strategy}" cannot make the texts short enough: ${problem}`,
    hint: 'use the strategy "longest_first" or a larger maxLength',
  });
}
