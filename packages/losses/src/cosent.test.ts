import { describe, expect, it } from "vitest";
import { expectRows, readGolden, run } from "../test/golden.ts";
import type { Rows } from "../test/golden.ts";
import { cosent } from "./cosent.ts";

interface Case {
  readonly name: string;
  readonly params: { readonly scale: number };
  readonly inputs: { readonly a: Rows; readonly b: Rows };
  readonly labels: readonly number[];
  readonly expected: { readonly loss: number; readonly grads: { readonly a: Rows; readonly b: Rows } };
}

const cases = readGolden<{ cases: Case[] }>("losses/cosent.json").cases;
const targets = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i);

describe.each([
  { float: "f64", value: 1e-8, gradient: 1e-7 },
  { float: "f32", value: 1e-5, gradient: 1e-4 },
] as const)("sentence-transformers' CoSENTLoss in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async ({ params, inputs, labels, expected }) => {
    const known = { targets: targets(labels.length), labels: Float32Array.from(labels) };
    const got = await run(cosent, { float, options: { temperature: 1 / params.scale }, anchor: inputs.a, candidates: inputs.b, known });
    expectRows([[got.loss]], [[expected.loss]], value);
    expectRows(got.anchor, expected.grads.a, gradient);
    expectRows(got.candidates, expected.grads.b, gradient);
  });
});

it("pairs each anchor with its target, wherever that stands among the candidates", async () => {
  const { inputs, labels } = cases[0];
  const known = { targets: targets(labels.length), labels: Float32Array.from(labels) };
  const plain = await run(cosent, { anchor: inputs.a, candidates: inputs.b, known });
  const turned = { ...known, targets: known.targets.map((target) => labels.length - target) };
  const reversed = await run(cosent, { anchor: inputs.a, candidates: [inputs.b[0], ...inputs.b.toReversed()], known: turned });
  expect(reversed.loss).toBeCloseTo(plain.loss, 14);
  expectRows(reversed.candidates, [inputs.b[0].map(() => 0), ...plain.candidates.toReversed()], 1e-12);
});

it("depends on the order of the labels only", async () => {
  const { inputs, labels } = cases[0];
  const of = (labels: readonly number[]) =>
    run(cosent, { anchor: inputs.a, candidates: inputs.b, known: { targets: targets(labels.length), labels: Float32Array.from(labels) } });
  expect(await of(labels.map((label) => 3 * label + 1))).toEqual(await of(labels));
});

it("refuses a temperature that is not positive", async () => {
  await expect(run(cosent, { options: { temperature: 0 }, anchor: [[1]] })).rejects.toThrow("E_OPTION cosent temperature");
});
