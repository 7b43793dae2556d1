// How the tests of this package read golden files, hold parameters, and compare.

import { readFileSync } from "node:fs";
import { createReferenceBackend, Engine, Parameter } from "@attune/tensor";
import { expect } from "vitest";

/** Nested lists as the golden files hold them; NaN and infinities are strings. */
export type Numbers = number | string | readonly Numbers[];
/** By parameter. */
export type ByName = Readonly<Record<string, Numbers>>;

/** A JSON file of fixtures/golden. */
export function readGolden<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url), "utf8")) as T;
}

/** Nested lists as one. */
export function flat(numbers: Numbers): number[] {
  return Array.isArray(numbers) ? (numbers as readonly Numbers[]).flatMap(flat) : [Number(numbers)];
}

/** Inputs lie on the grid k/1024, if they are not tiny; written with nine digits they are a little beside it. */
const onGrid = (value: number): number => {
  const k = Math.round(value * 1024);
  return k !== 0 && Math.abs(value * 1024 - k) < 0.01 ? k / 1024 : value;
};

/** An engine on the reference backend. */
export function newEngine(float: "f32" | "f64" = "f64"): Engine {
  return new Engine(createReferenceBackend(), { float });
}

/** A parameter of these values, as one row. */
export function parameterOf(engine: Engine, name: string, values: Numbers): Parameter {
  const tensor = engine.makePersistent([flat(values).length], engine.float);
  engine.writeTo(tensor, flat(values).map(onGrid));
  return new Parameter(name, tensor);
}

/** Gives parameters of these names a gradient, as backward would. */
export function setGradients(parameters: readonly Parameter[], gradients: ByName): void {
  for (const parameter of parameters) {
    if (parameter.name in gradients) {
      parameter.engine.writeTo(parameter.gradientDestination().tensor, flat(gradients[parameter.name]).map(onGrid));
    }
  }
}

/** |got − expected| ≤ tolerance · max(1, |expected|), element by element. */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const within = Object.is(got[i], expected[i]) || Math.abs(got[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    if (!within) expect.fail(`element ${i} is ${got[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}
