// Distributions of scores, small enough for a line of text or a chart.

export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Bin i holds values from `edges[i]` up to, and in the last bin with, `edges[i + 1]`. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
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

/** About ten to twenty bins whose edges are round numbers; no bins for no values. */
export function histogramOf(values: readonly number[]): Histogram {
  if (values.length === 0) return { edges: [], counts: [] };
  const { min, max } = summaryOf(values);
  const step = roundStep((max - min) / 12 || 1);
  const first = Math.floor(min / step);
  const bins = Math.max(1, Math.ceil(max / step) - first);
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[Math.min(bins - 1, Math.max(0, Math.floor(value / step) - first))]++;
  return { edges: Array.from({ length: bins + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12))), counts };
}

/** The nearest of 1, 2 and 5 times a power of ten. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((factor) => size <= factor * 1.42 * power) ?? 10);
}
