import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, infonceCases as cases, optionsOf } from "../test/infonce-cases.ts";
import { infonce } from "./infonce.ts";

describe.each([
  { float: "f64", value: 1e-8, gradient: 1e-7 },
  { float: "f32", value: 1e-5, gradient: 1e-4 },
] as const)("the numbers of the peers in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { anchor, candidates, known, gradients } = batchOf(one);
    const got = await run(infonce, { float, options: optionsOf(one), anchor, candidates, known });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, one.expected.grads.query, gradient);
    expectRows(got.candidates, gradients, gradient);
  });
});

it("every kind of case is among them", () => {
  expect(cases).toHaveLength(33);
  for (const start of ["symmetric", "hardness", "fe_", "paddle", "embedrag", "same_id"])
    expect(cases.some(({ name }) => name.startsWith(start))).toBe(true);
});
