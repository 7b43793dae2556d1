// How the tests of this package read golden files, run an op with gradients, and compare.

import { readFileSync } from "node:fs";
import { createReferenceBackend, Engine, Parameter } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect } from "vitest";

/** Nested lists as the golden files hold them. */
export type Numbers = number | readonly Numbers[];
/** By name of input. */
export type ByName = Readonly<Record<string, Numbers>>;

/** A JSON file of fixtures/golden. */
export function readGolden<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url), "utf8")) as T;
}

/** Nested lists as one. */
export function flat(numbers: Numbers): number[] {
  return typeof numbers === "number" ? [numbers] : numbers.flatMap(flat);
}

/** The lengths of nested lists. */
function shapeOf(numbers: Numbers): number[] {
  return typeof numbers === "number" ? [] : [numbers.length, ...(numbers.length > 0 ? shapeOf(numbers[0]) : [])];
}

/** Inputs lie on the grid k/1024; written with nine digits they are a little beside it. */
const onGrid = (value: number): number => Math.round(value * 1024) / 1024;

/** `fn` of parameters with the given values: its output, and the gradients of ⟨output, cotangent⟩. */
export async function withGradients(
  float: "f32" | "f64",
  inputs: ByName,
  cotangent: Numbers,
  fn: (parameters: Record<string, Parameter>) => Tensor,
) {
  const engine = new Engine(createReferenceBackend(), { float });
  const parameters = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => {
      const tensor = engine.makePersistent(shapeOf(values), float);
      engine.writeTo(tensor, flat(values).map(onGrid));
      return [name, new Parameter(name, tensor)];
    }),
  );
  using output = engine.scope(() => {
    const y = fn(parameters);
    engine.backward(y, { cotangent: engine.from(flat(cotangent).map(onGrid), y.shape) });
    return y;
  });
  const gradients: Record<string, Float64Array> = {};
  for (const { name, gradient, value } of Object.values(parameters))
    gradients[name] = gradient ? Float64Array.from(await gradient.read()) : new Float64Array(value.size);
  return { output: await output.read(), shape: output.shape, gradients };
}

/** |got − expected| ≤ tolerance · max(1, |expected|), element by element. */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const within = Math.abs(got[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    if (!within) expect.fail(`element ${i} is ${got[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}
