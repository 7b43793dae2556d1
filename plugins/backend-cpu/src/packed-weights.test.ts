import { Engine, linear, Parameter, slice } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

it("packs each view of a weight for itself, also views that start at the same place", async () => {
  const engine = new Engine(createCpuBackend());
  const weight = new Parameter("w", engine.makePersistent([40, 2], "f32"));
  weight.write(Float32Array.from({ length: 80 }, (_, i) => i));
  const [few, all] = engine.noGradient(() =>
    engine.scope(() => {
      const x = engine.from([1, 1], [1, 2]);
      return [linear(x, { weight: slice(weight.value, { axis: 0, start: 0, end: 2 }) }), linear(x, { weight: weight.value })];
    }),
  );
  expect([...(await few.read())]).toEqual([1, 5]);
  expect([...(await all.read())]).toEqual(Array.from({ length: 40 }, (_, i) => 4 * i + 1));
  await engine.backend.dispose();
});
