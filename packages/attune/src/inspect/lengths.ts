// How long texts are, and how many of them a maximum length would cut.

/** Lengths of one kind of texts. */
export interface LengthFacts {
  readonly texts: number;
  /** Texts that were measured: all, or so many spread over the data. */
  readonly measured: number;
  readonly mean: number;
  readonly median: number;
  /** 95 of 100 texts are no longer. */
  readonly p95: number;
  readonly longest: number;
  /** Texts by length: up to and including `upTo`, above the one before. */
  readonly histogram: readonly { readonly upTo: number; readonly texts: number }[];
  /** Share of texts that are longer than the limit; undefined without one. */
  readonly cut?: number;
}

/** More texts than this are measured from a sample. */
const MOST = 20_000;

/** Measures texts with `lengthOf`; undefined where there are none. */
export function lengthsOf(texts: readonly string[], lengthOf: (text: string) => number, limit?: number): LengthFacts | undefined {
  if (texts.length === 0) return undefined;
  const stride = Math.max(1, texts.length / MOST);
  const measured = Array.from({ length: Math.min(texts.length, MOST) }, (_, i) => lengthOf(texts[Math.floor(i * stride)]));
  const sorted = measured.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {
    texts: texts.length,
    measured: sorted.length,
    mean: sorted.reduce((sum, length) => sum + length, 0) / sorted.length,
    median: at(0.5),
    p95: at(0.95),
    longest: sorted.at(-1)!,
    histogram: histogramOf(sorted),
    ...(limit !== undefined && { cut: sorted.filter((length) => length > limit).length / sorted.length }),
  };
}

/** Doubling ranges, those at both ends left out where they are empty. */
function histogramOf(sorted: readonly number[]): LengthFacts["histogram"] {
  const ranges: { upTo: number; texts: number }[] = [];
  let at = 0;
  for (let upTo = 4; at < sorted.length; upTo *= 2) {
    const from = at;
    while (at < sorted.length && sorted[at] <= upTo) at++;
    if (at > from || ranges.length > 0) ranges.push({ upTo, texts: at - from });
  }
  return ranges;
}
