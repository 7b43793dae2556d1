// A text as what a pattern matched and what lies between, and the five things that can become of the matches.
// The names and the rules are those of the Rust library's `SplitDelimiterBehavior`.

/** What becomes of a match: left out, a word of its own, part of the word before or after it, or one word with the matches beside it. */
export const BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;

export type Behavior = (typeof BEHAVIORS)[number];

export interface Cut {
  readonly behavior: Behavior;
  /** Whether what lies between the matches counts as matched, and the other way round. */
  readonly invert?: boolean;
}

interface Segment {
  readonly text: string;
  readonly matched: boolean;
}

/** The words of a text that is cut where `pattern`, which must be global, matches. */
export function cutAt(pattern: RegExp, { behavior, invert = false }: Cut): (text: string) => string[] {
  // The two that nearly all models use need no segments: GPT's patterns match every character, CLIP's words are its matches.
  if (behavior === "Removed" && invert) return (text) => text.match(pattern)?.filter(isNotEmpty) ?? [];
  if (behavior === "Isolated") {
    return (text) => {
      const matches = text.match(pattern);
      if (matches && matches.reduce((sum, match) => sum + match.length, 0) === text.length) return matches.filter(isNotEmpty);
      return segmentsOf(text, pattern, invert)
        .map((segment) => segment.text)
        .filter(isNotEmpty);
    };
  }
  return (text) => wordsOf(segmentsOf(text, pattern, invert), behavior).filter(isNotEmpty);
}

function segmentsOf(text: string, pattern: RegExp, invert: boolean): Segment[] {
  const segments: Segment[] = [];
  const add = (start: number, end: number, isMatch: boolean): void =>
    void segments.push({ text: text.slice(start, end), matched: isMatch !== invert });
  let done = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > done) add(done, index, false);
    else if (match === "" && index > 0) continue; // Oniguruma finds nothing at the very end of a match
    done = index + match.length;
    add(index, done, true);
  }
  if (done < text.length) add(done, text.length, false);
  return segments;
}

function wordsOf(segments: readonly Segment[], behavior: Exclude<Behavior, "Isolated">): string[] {
  switch (behavior) {
    case "Removed":
      return segments.filter(({ matched }) => !matched).map(({ text }) => text);
    case "Contiguous":
      return joined(segments, (matched, before) => matched === before);
    case "MergedWithPrevious":
      return joined(segments, (matched, before) => matched && !before);
    case "MergedWithNext":
      return joined(segments, (matched, before) => before && !matched);
    default:
      return behavior satisfies never;
  }
}

/** Each segment joined to the one before it where `belongs` says so, by whether it and that one matched. */
function joined(segments: readonly Segment[], belongs: (matched: boolean, before: boolean) => boolean): string[] {
  const words: string[] = [];
  segments.forEach((segment, i) => {
    if (i > 0 && belongs(segment.matched, segments[i - 1].matched)) words.push(words.pop()! + segment.text);
    else words.push(segment.text);
  });
  return words;
}

function isNotEmpty(text: string): boolean {
  return text !== "";
}
