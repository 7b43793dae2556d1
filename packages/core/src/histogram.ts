// Values counted between round edges, small enough for a line of text or a chart.

/** Bin i holds values from `edges[i]` up to, and in the last bin with, `edges[i + 1]`. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Several sets of values on the same edges, to be laid over each other. */
export interface SharedHistogram {
  readonly edges: readonly number[];
  /** For each set, in their order. */
  readonly counts: readonly (readonly number[])[];
}

/** About ten to twenty bins whose edges are round numbers; no bins for no values. What is not finite is not counted. */
export function histogramOf(values: readonly number[]): Histogram {
  const { edges, counts } = sharedHistogramOf([values], 12);
  return { edges, counts: counts[0] };
}

/** About as many bins as wanted for all sets together, with round edges; no bins for no values. What is not finite is not counted. */
export function sharedHistogramOf(sets: readonly (readonly number[])[], wanted: number): SharedHistogram {
  const finite = sets.map((values) => values.filter(Number.isFinite));
  let [min, max] = [Infinity, -Infinity];
  for (const values of finite) for (const value of values) [min, max] = [Math.min(min, value), Math.max(max, value)];
  if (min > max) return { edges: [], counts: sets.map(() => []) };
  const step = roundStep((max - min) / wanted || 1);
  const first = Math.floor(min / step);
  const bins = Math.max(1, Math.ceil(max / step) - first);
  const edges = Array.from({ length: bins + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  const binOf = (value: number): number => {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(value / step) - first));
    return bin + 1 < bins && value >= edges[bin + 1] ? bin + 1 : bin; // 0.3 / 0.1 is 2.9999999999999996
  };
  const counts = finite.map((values) => {
    const counted = Array.from({ length: bins }, () => 0);
    for (const value of values) counted[binOf(value)]++;
    return counted;
  });
  return { edges, counts };
}

/** The nearest of 1, 2 and 5 times a power of ten. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((factor) => size <= factor * 1.42 * power) ?? 10);
}
