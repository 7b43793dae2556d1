// How the tests of this package read golden files and compare numbers with them.

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Tensor } from "../src/tensor.ts";

/** Nested lists as the golden files hold them; NaN and infinities are strings. */
export type Numbers = number | string | readonly Numbers[];

/** A file of fixtures/golden. */
export function readGolden<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url), "utf8")) as T;
}

/** The shape of nested lists. */
export function shapeOf(numbers: Numbers): number[] {
  return Array.isArray(numbers) ? [numbers.length, ...(numbers.length > 0 ? shapeOf((numbers as readonly Numbers[])[0]) : [])] : [];
}

/** Nested lists as one. */
export function flat(numbers: Numbers): number[] {
  return Array.isArray(numbers) ? (numbers as readonly Numbers[]).flatMap(flat) : [Number(numbers)];
}

/** Inputs as they were before they were written with 9 digits: golden inputs lie on the grid k/1024, except those far too small for it. */
export function onGrid(numbers: Numbers): number[] {
  return flat(numbers).map((value) => {
    const k = Math.round(value * 1024);
    return k !== 0 && Math.abs(value * 1024 - k) < 0.01 ? k / 1024 : value;
  });
}

/** |got − expected| ≤ tolerance · max(1, |expected|), element by element; NaN equals NaN. */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const within = Object.is(got[i], expected[i]) || Math.abs(got[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    if (!within) expect.fail(`element ${i} is ${got[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}

/** `expectClose` of a tensor's values. */
export async function expectTensor(got: Tensor | undefined, expected: Numbers, tolerance: number): Promise<void> {
  if (!got) expect.fail("there is no tensor");
  expect(got.shape).toEqual(shapeOf(expected));
  expectClose(await got.read(), flat(expected), tolerance);
}
