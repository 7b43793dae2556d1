// A distribution of scores, small enough for a line of text.

export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Zeros for no values. */
export function summaryOf(values: readonly number[]): Summary {
  if (values.length === 0) return { count: 0, mean: 0, min: 0, median: 0, max: 0 };
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    min: sorted[0],
    median: sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    max: sorted[sorted.length - 1],
  };
}
