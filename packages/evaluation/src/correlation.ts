// Correlation of two lists of numbers.

import { AttuneError } from "@attune/core";

/** Pearson's r; NaN when one of the lists is constant or shorter than 2. E_SHAPE for lists of different lengths. As scipy.stats.pearsonr. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) {
    throw new AttuneError({
      code: "E_SHAPE",
      place: "correlation",
      expected: `two lists of ${x.length}`,
      got: `a second one of ${y.length}`,
    });
  }
  // Asked outright: the mean of equal numbers may be off by a rounding, which would look like a spread.
  if (isConstant(x) || isConstant(y)) return NaN;
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
}

/** Spearman's rho: Pearson's r of the ranks, ties with their average rank; NaN when a value is NaN. As scipy.stats.spearmanr. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(ranksOf(x), ranksOf(y));
}

/** Ranks from 1, equal values with the average of theirs; NaN has none. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0, end = 1; start < order.length; start = end++) {
    const value = values[order[start]];
    while (end < order.length && values[order[end]] === value) end++;
    for (const i of order.slice(start, end)) ranks[i] = Number.isNaN(value) ? NaN : (start + 1 + end) / 2;
  }
  return ranks;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
