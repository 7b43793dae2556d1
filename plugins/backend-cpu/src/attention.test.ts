// Attention where the kernels cut it: texts of several blocks of keys, and heads that fit into no thread's scratch memory.

import { attention, cast, Engine, mul, Parameter, sum } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

/** d(Σ y · w) / d bias of one text with two heads, computed in a type. */
async function biasGradient(length: number, type: "f32" | "bf16"): Promise<Float32Array> {
  const engine = new Engine(createCpuBackend());
  const parameterOf = (name: string, shape: readonly number[], scale: number): Parameter => {
    const parameter = new Parameter(name, engine.makePersistent(shape, "f32"));
    parameter.write(Float32Array.from({ length: parameter.value.size }, (_, i) => Math.sin(1.7 * i + 0.3) * scale));
    return parameter;
  };
  const [qkv, bias, weight] = [
    parameterOf("qkv", [length, 3 * 2 * 8], 1),
    parameterOf("bias", [2, length, length], 0.5),
    parameterOf("weight", [length, 2 * 8], 1),
  ];
  const options = { heads: 2, kvHeads: 2, headDim: 8, scale: 0.35, maxLength: length, bias: bias.value };
  engine.scope(() => {
    const cuSeqlens = engine.from(Int32Array.of(0, length));
    const y = attention(type === "bf16" ? cast(qkv.value, "bf16") : qkv.value, { cuSeqlens, ...options });
    engine.backward(sum(mul(type === "bf16" ? cast(y, "f32") : y, weight.value)));
  });
  const gradient = (await bias.gradient!.read()) as Float32Array;
  await engine.backend.dispose();
  return gradient;
}

it.each([512, 600])("a bias gets its gradient once, in bf16 as in f32: a text of %i keys", async (length) => {
  const [wide, half] = [await biasGradient(length, "f32"), await biasGradient(length, "bf16")];
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((total, x, i) => total + x * b[i], 0);
  expect(dot(half, wide) / dot(wide, wide)).toBeCloseTo(1, 2);
});

/** Runs attention with one head, and its gradient where `trained`. */
async function runHead(headDim: number, { type = "f32", trained }: { type?: "f32" | "bf16"; trained: boolean }): Promise<void> {
  const engine = new Engine(createCpuBackend());
  const qkv = new Parameter("qkv", engine.makePersistent([5, 3 * headDim], "f32"), { trainable: trained });
  qkv.write(new Float32Array(15 * headDim).fill(0.1));
  try {
    engine.scope(() => {
      const x = type === "bf16" ? cast(qkv.value, "bf16") : qkv.value;
      const cuSeqlens = engine.from(Int32Array.of(0, 5));
      const y = attention(x, { cuSeqlens, heads: 1, kvHeads: 1, headDim, scale: 0.1, maxLength: 5 });
      if (trained) engine.backward(sum(cast(y, "f32")));
    });
    await engine.backend.sync();
  } finally {
    await engine.backend.dispose();
  }
}

it("takes heads as wide as its tiles fit, and refuses wider ones before the forward pass of a training", async () => {
  for (const type of ["f32", "bf16"] as const) {
    await runHead(1024, { type, trained: true });
    await runHead(2048, { type, trained: false });
    await expect(runHead(1025, { type, trained: true })).rejects.toMatchObject({ code: "E_ATTRIBUTE", place: "attention", got: "1025" });
    await expect(runHead(2049, { type, trained: false })).rejects.toMatchObject({ code: "E_ATTRIBUTE", got: "2049" });
  }
});
