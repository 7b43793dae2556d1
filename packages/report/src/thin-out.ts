// Curves short enough to draw: of a long training, each point stands for the mean of some neighbouring steps.

import type { StepCurves } from "./report-data.ts";

/** More points than this are wider than any screen. */
const POINTS = 1500;

export interface ThinCurves extends StepCurves {
  /** Steps per point. */
  readonly stride: number;
}

/** The curves with at most 1500 points, in six significant digits. */
export function thinOut({ steps, loss, learningRate, gradientNorm }: StepCurves): ThinCurves {
  const stride = Math.max(1, Math.ceil(steps.length / POINTS));
  const thin = (values: readonly (number | null)[]): (number | null)[] =>
    Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => meanOf(values.slice(i * stride, (i + 1) * stride)));
  return {
    stride,
    steps: steps.filter((_, i) => i % stride === stride - 1 || i === steps.length - 1),
    loss: thin(loss),
    learningRate: thin(learningRate),
    gradientNorm: thin(gradientNorm),
  };
}

/** The mean around each point, over a twentieth of the curve; centred, so that it does not lag. Gaps stay gaps. */
export function smooth(values: readonly (number | null)[]): (number | null)[] {
  const reach = Math.floor(values.length / 40);
  return values.map((value, i) => (value === null ? null : meanOf(values.slice(Math.max(0, i - reach), i + reach + 1))));
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  return known.length === 0 ? null : rounded(known.reduce((sum, value) => sum + value, 0) / known.length);
}

/** Six significant digits: the page shows no more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
