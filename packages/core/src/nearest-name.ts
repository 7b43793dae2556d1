// "Did you mean …?": the known name closest to what was typed.

/**
 * The entry of `known` nearest to `typed` by edit distance, or undefined when nothing is close (more than half of the letters differ). One that
 * begins the other counts as near, unless it is only a small part of what was typed (`loss` of `loss.temprature`).
 */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.length / 2)) + 1;
  for (const name of known) {
    const begins = name.startsWith(typed) || (typed.startsWith(name) && 2 * name.length > typed.length);
    const distance = begins ? 1 : editDistance(typed.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein distance of two strings, in UTF-16 units. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
