// How the tests of this package read golden files and compare numbers with them.

import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** Nested lists as the golden files hold them; NaN and infinities are strings. */
export type Numbers = number | string | readonly Numbers[];

/** A file of fixtures/golden. */
export function readGolden<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url), "utf8")) as T;
}

/** Nested lists as one. */
export function flat(numbers: Numbers): number[] {
  return Array.isArray(numbers) ? (numbers as readonly Numbers[]).flatMap(flat) : [Number(numbers)];
}

/** |got − expected| ≤ tolerance · max(1, |expected|), element by element; NaN equals NaN. */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const within = Object.is(got[i], expected[i]) || Math.abs(got[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    if (!within) expect.fail(`element ${i} is ${got[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}
