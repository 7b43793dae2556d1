// A product that reads a norm's normalised values in place of its result: op by op the two cannot be checked against differences, since the
// gradient goes round by the norm; together they can.

import { addLayerNorm, layerNormed, linear, roundToBfloat16, toBfloat16, fromBfloat16 } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect, test } from "vitest";
import { gradcheck } from "./gradcheck.ts";
import { Draw } from "./op-cases/draw.ts";

const draw = new Draw("norm-operand");
const norm = {
  x: draw.normal([3, 5]),
  gamma: draw.normal([5]),
  beta: draw.normal([5]),
  weight: draw.normal([4, 5]),
  bias: draw.normal([4]),
};

test("layer norm, then a product of its normalised values", () => {
  gradcheck(({ x, gamma, beta, weight, bias }) => {
    const { y, normal } = layerNormed(x, { weight: gamma, bias: beta, eps: 1e-5 });
    return linear(y, { weight, bias, normal: { values: normal, gamma, beta } });
  }, norm);
});

test("residual and layer norm, two products of one norm, low rank and activations", () => {
  const inputs = { ...norm, residual: draw.normal([3, 5]), a: draw.normal([2, 5]), b: draw.normal([4, 2]) };
  gradcheck(({ x, residual, gamma, beta, weight, bias, a, b }) => {
    const { y, normal: values } = addLayerNorm(x, { residual, weight: gamma, bias: beta, eps: 1e-5 });
    const normal = { values, gamma, beta };
    const lowRank = { a, b, scale: 0.5 };
    const first: Tensor = linear(y, { weight, bias, normal, lowRank, before: "gelu", after: "tanh" });
    return linear(first, { weight: linear(weight, { weight: [weight] }), after: "silu" });
  }, inputs);
});

test("bf16 numbers are the upper halves of f32, rounded to the nearest, ties to even", () => {
  const bits = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0];
  for (const x of [0, -0, 1, -2.5, 3.140625, 1e-40, Infinity, -Infinity]) expect(roundToBfloat16(x)).toBeCloseTo(x, 10);
  expect(toBfloat16([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20])).toEqual(Uint16Array.of(0x3f80, 0x3f82, 0x3f81));
  expect(roundToBfloat16(3.4e38)).toBe(Infinity);
  expect(fromBfloat16(toBfloat16([NaN]))[0]).toBeNaN();
  for (const x of draw.normal([500]).data) {
    const rounded = roundToBfloat16(x);
    expect(bits(rounded) & 0xffff).toBe(0);
    expect(Math.abs(rounded - x)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8);
  }
});
