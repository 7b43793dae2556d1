import { add, cast, Engine, gelu } from "@attune/tensor";
import type { DType } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

it.each<DType>(["f64", "f16"])("says that it does not compute in %s, and in what it does", async (type) => {
  const engine = new Engine(createCpuBackend());
  const refused = (): void => engine.scope(() => void cast(engine.from([1, 2]), type));
  expect(refused).toThrow(
    `E_NO_KERNEL cast backend cpu has no kernel for cast of ${type}, and it has no decomposition. Hint: it takes f32, bf16, i32, u8: cast to one of these`,
  );
  await engine.backend.dispose();
});

it("computes in f32 what only lies in bf16, and rounds the result", async () => {
  const engine = new Engine(createCpuBackend());
  const y = engine.scope(() => gelu(add(engine.from([1, 2, -0.5], [3], "bf16"), engine.from([0.00390625], [1], "bf16"))));
  expect(y.dtype).toBe("bf16");
  const values = engine.scope(() => cast(y, "f32"));
  expect([...(await values.read())]).toEqual([0.83984375, 1.953125, -0.1533203125]);
  for (const tensor of [y, values]) tensor.dispose();
  await engine.backend.dispose();
});
