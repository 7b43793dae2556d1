// Numbers against numbers, with a message that names the worst element.

import { expect } from "vitest";

/** The largest |got − expected|. */
export function largestDifference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i] - expected[i]);
    if (!(difference <= largest)) largest = difference; // NaN wins
  }
  return largest;
}

/** The largest |value|. */
export function largest(values: ArrayLike<number>): number {
  return Math.max(...Array.from(values, Math.abs));
}

/** ‖got − expected‖ / ‖expected‖. */
export function relativeDistance(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (got[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
