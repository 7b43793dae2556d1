import { Engine, fillIntoOp, gather, linear, Parameter } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

it("tells a failure once, however many fences were behind it", async () => {
  const backend = createCpuBackend();
  const engine = new Engine(backend);
  const lost = engine.scope(() => gather(engine.from([1, 2], [2, 1]), engine.from(Int32Array.of(7))));
  await backend.throttle();
  await backend.throttle();
  await expect(lost.read()).rejects.toMatchObject({ code: "E_INDEX" });
  lost.dispose();
  for (let step = 0; step < 4; step++) await backend.throttle();
  const kept = engine.scope(() => gather(engine.from([1, 2], [2, 1]), engine.from(Int32Array.of(1))));
  expect([...(await kept.read())]).toEqual([2]);
  await backend.dispose();
});

/** x · wᵀ for row `row` of two, one of ones and one of tens; any other row is a failure. */
function apply(engine: Engine, weight: Parameter, row: number): Tensor {
  return engine.noGradient(() =>
    engine.scope(() => {
      const rows = engine.from([1, 1, 10, 10], [2, 2]);
      return linear(gather(rows, engine.from(Int32Array.of(row))), { weight: weight.value });
    }),
  );
}

it.each([
  ["that it was first applied behind", (): void => {}],
  [
    "that skipped its update",
    (engine: Engine, weight: Parameter): void => {
      apply(engine, weight, 7).dispose();
      engine.scope(() => fillIntoOp({ destination: weight.value }, { value: 9 }));
    },
  ],
])("applies a weight as it is after a failure %s", async (_, before) => {
  const engine = new Engine(createCpuBackend());
  const weight = new Parameter("w", engine.makePersistent([2, 2], "f32"));
  weight.write(Float32Array.of(1, 2, 3, 4));
  before(engine, weight);
  const lost = apply(engine, weight, 7);
  await expect(lost.read()).rejects.toMatchObject({ code: "E_INDEX" });
  const kept = apply(engine, weight, 1);
  expect([...(await kept.read())]).toEqual([30, 70]);
  expect([...(await weight.value.read())]).toEqual([1, 2, 3, 4]);
  for (const tensor of [lost, kept]) tensor.dispose();
  await engine.backend.dispose();
});
