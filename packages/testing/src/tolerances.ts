// How close is close: absolute + relative · |reference|, from the element type and the length of the longest sum. Named here and nowhere else.

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** By what is compared. Each is a few times what correct code shows, so that one wrong digit fails. */
export const tolerances = {
  /** Two routes to one result in double. */
  f64: { absolute: 1e-12, relative: 1e-10 },
  /** A kernel in single precision against the reference in double. */
  f32: { absolute: 1e-6, relative: 1e-5 },
  /** Golden files, which hold nine significant digits, against the reference in double. */
  golden: { absolute: 1e-8, relative: 1e-7 },
  /** Backward against differences, relative to max(1, the largest gradient). */
  gradcheck: { absolute: 0, relative: 1e-7 },
} as const satisfies Record<string, Tolerance>;

/** Where bf16 is rounded inside of an op: one unit of the largest of the results, since a neighbour may come out on the way. */
export function narrowTolerance(largest: number): Tolerance {
  return { absolute: 2 ** -8 * largest, relative: 0 };
}

/** The tolerance of results that are sums of up to `terms` terms of size one: rounding grows with the root of their number. */
export function toleranceOf(type: "f32" | "f64", terms = 1): Tolerance {
  const { absolute, relative } = tolerances[type];
  return { absolute: absolute * Math.sqrt(Math.max(1, terms)), relative };
}

/** A tolerance that is `factor` times as wide. */
export function widened({ absolute, relative }: Tolerance, factor: number): Tolerance {
  return { absolute: absolute * factor, relative: relative * factor };
}
