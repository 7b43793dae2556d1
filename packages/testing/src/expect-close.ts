// Comparison of arrays with a message that says what is wrong where.

import type { Tolerance } from "./tolerances.ts";

/** Where the values come from, for the message. */
export interface Place {
  readonly name?: string;
  readonly shape?: readonly number[];
}

/**
 * Throws unless |got − ref| ≤ absolute + relative · |ref| everywhere. NaN equals NaN and an infinity equals itself. The message names the
 * worst element and how many are wrong.
 */
export function expectClose(
  got: ArrayLike<number>,
  ref: ArrayLike<number>,
  tolerance: Tolerance,
  { name = "values", shape }: Place = {},
): void {
  if (got.length !== ref.length) throw new Error(`${name}: expected ${ref.length} elements, got ${got.length}`);
  let worst = -1;
  let excess = 1;
  let wrong = 0;
  for (let i = 0; i < ref.length; i++) {
    const ratio = excessOf(got[i], ref[i], tolerance);
    if (ratio <= 1) continue;
    wrong++;
    if (ratio > excess) [worst, excess] = [i, ratio];
  }
  if (worst < 0) return;
  const allowed = tolerance.absolute + tolerance.relative * Math.abs(ref[worst]);
  const where = shape && shape.length > 1 ? `[${coordinatesOf(worst, shape).join(" ")}]` : `[${worst}]`;
  throw new Error(
    `${name}${where}: expected ${ref[worst]}, got ${got[worst]}; off by ${Math.abs(got[worst] - ref[worst]).toExponential(2)}, allowed ${allowed.toExponential(2)}; ${wrong} of ${ref.length} elements are wrong`,
  );
}

/** How many times the allowed difference; at most 1 is close. */
function excessOf(got: number, ref: number, { absolute, relative }: Tolerance): number {
  if (Object.is(got, ref) || got === ref) return 0;
  if (!Number.isFinite(ref) || !Number.isFinite(got)) return Infinity;
  const difference = Math.abs(got - ref);
  return difference === 0 ? 0 : difference / (absolute + relative * Math.abs(ref));
}

function coordinatesOf(position: number, shape: readonly number[]): number[] {
  let rest = position;
  return shape.map((_, axis) => {
    const stride = shape.slice(axis + 1).reduce((size, length) => size * length, 1);
    const at = Math.floor(rest / stride);
    rest %= stride;
    return at;
  });
}
