import { Engine, linear, Parameter, slice, sum } from "@attune/tensor";
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

it("keeps the panels of weights that are applied, and none of weights that are trained", async () => {
  const engine = new Engine(createCpuBackend());
  const { counters } = engine.backend;
  const parameterOf = (name: string): Parameter => {
    const parameter = new Parameter(name, engine.makePersistent([64, 64], "f32"));
    parameter.write(new Float32Array(64 * 64).fill(1));
    return parameter;
  };
  const [x, weight] = [parameterOf("x"), parameterOf("w")];
  const apply = (): void => engine.scope(() => void engine.noGradient(() => linear(x.value, { weight: weight.value })));
  const learn = (): void => {
    engine.scope(() => engine.backward(sum(linear(x.value, { weight: weight.value }))));
    for (const parameter of [x, weight]) parameter.clearGradient();
  };
  const bare = counters.bytesLive;
  learn();
  expect(counters.bytesLive, "after a training step").toBe(bare);
  apply();
  expect(counters.bytesLive, "after an evaluation").toBe(bare + 4 * 64 * 64);
  learn();
  expect(counters.bytesLive, "after another step").toBe(bare);
  weight.trainable = false;
  learn();
  expect(counters.bytesLive, "a frozen weight, both ways").toBe(bare + 2 * 4 * 64 * 64);
  await engine.backend.dispose();
});
