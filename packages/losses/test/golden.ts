// How the tests of this package read golden files, run a loss with gradients, and compare.

import { readFileSync } from "node:fs";
import { parseOptions } from "@attune/core";
import type { Context, Plugin } from "@attune/core";
import { createReferenceBackend, Engine, Parameter } from "@attune/tensor";
import { expect } from "vitest";
import type { LossBatch } from "../src/loss.ts";

/** Vectors as the golden files hold them. */
export type Rows = readonly (readonly number[])[];

/** A JSON file of fixtures/golden. */
export function readGolden<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url), "utf8")) as T;
}

/** What a loss sees besides the embeddings. */
export type Known = Omit<LossBatch, "anchor" | "candidates">;

interface LossRun {
  readonly float?: "f32" | "f64";
  readonly options?: object;
  readonly anchor: Rows;
  readonly candidates?: Rows;
  readonly known?: Known;
}

/** Inputs lie on the grid k/1024; written with nine digits they are a little beside it. */
const onGrid = (value: number): number => Math.round(value * 1024) / 1024;

/** The loss of a batch on the reference backend, and its gradients [B][D] and [M][D]. */
export async function run(plugin: Plugin<"loss">, { float = "f64", options = {}, anchor, candidates = [], known }: LossRun) {
  const engine = new Engine(createReferenceBackend(), { float });
  const parameter = (name: string, rows: Rows): Parameter => {
    const tensor = engine.makePersistent([rows.length, rows[0].length], float);
    engine.writeTo(tensor, rows.flat().map(onGrid));
    return new Parameter(name, tensor);
  };
  const anchors = parameter("anchor", anchor);
  const others = candidates.length > 0 ? parameter("candidates", candidates) : undefined;
  const loss = await plugin.create(parseOptions(plugin.options, options, plugin.name), {} as Context);
  using scalar = engine.scope(() => {
    const value = loss.compute({ anchor: anchors.value, ...(others && { candidates: others.value }), ...known });
    engine.backward(value);
    return value;
  });
  const rowsOf = async ({ gradient, value, shape }: Parameter): Promise<number[][]> => {
    const values = gradient ? await gradient.read() : new Float64Array(value.size);
    return Array.from({ length: shape[0] }, (_, i) => Array.from(values.subarray(i * shape[1], (i + 1) * shape[1])));
  };
  return { loss: await scalar.item(), anchor: await rowsOf(anchors), candidates: others ? await rowsOf(others) : [] };
}

/** |got − expected| ≤ tolerance · max(1, |expected|), element by element. */
export function expectRows(got: Rows, expected: Rows, tolerance: number): void {
  expect(got.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  got.forEach((row, i) =>
    row.forEach((value, j) => {
      const within = Math.abs(value - expected[i][j]) <= tolerance * Math.max(1, Math.abs(expected[i][j]));
      if (!within) expect.fail(`element ${i} ${j} is ${value}, expected ${expected[i][j]} within ${tolerance}`);
    }),
  );
}
