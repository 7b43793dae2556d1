import { addInto, cast, checkpoint, Engine, linear, Parameter, slice, sum } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
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

/** Two square parameters of ones, x and a weight, and what is done with them. */
function layer(engine: Engine) {
  const parameterOf = (name: string): Parameter => {
    const parameter = new Parameter(name, engine.makePersistent([64, 64], "f32"));
    parameter.write(new Float32Array(64 * 64).fill(1));
    return parameter;
  };
  const [x, weight] = [parameterOf("x"), parameterOf("w")];
  const apply = (): void => engine.scope(() => void engine.noGradient(() => linear(x.value, { weight: weight.value })));
  const learn = (forward = (): Tensor => linear(x.value, { weight: weight.value })): void => {
    engine.scope(() => engine.backward(sum(cast(forward(), "f32"))));
    for (const parameter of [x, weight]) parameter.clearGradient();
  };
  return { x, weight, apply, learn };
}

it("keeps the panels of weights that are applied, and none of weights that are trained", async () => {
  const engine = new Engine(createCpuBackend());
  const { counters } = engine.backend;
  const { weight, apply, learn } = layer(engine);
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

it("gives back what was packed in another type when a weight is trained", async () => {
  const engine = new Engine(createCpuBackend());
  const { counters } = engine.backend;
  const { x, weight, apply, learn } = layer(engine);
  const bare = counters.bytesLive;
  apply();
  expect(counters.bytesLive, "after an evaluation in f32").toBe(bare + 4 * 64 * 64);
  learn(() => linear(cast(x.value, "bf16"), { weight: weight.value }));
  expect(counters.bytesLive, "after a step in bf16").toBe(bare);
  await engine.backend.dispose();
});

it("keeps no panels of a trained weight that runs again during backward, as it was rehearsed", async () => {
  const engine = new Engine(createCpuBackend());
  const { counters } = engine.backend;
  const { x, weight, learn } = layer(engine);
  const bare = counters.bytesLive;
  const twice = (one: Tensor): Tensor => linear(linear(one, { weight: weight.value }), { weight: weight.value });
  let kept = 0;
  const step = (): void =>
    learn(() => {
      const y = checkpoint(twice, x.value);
      kept = engine.backend.counters.bytesLive;
      return y;
    });
  const { bytes } = engine.rehearse(step);
  step();
  expect(kept - bare, "its result").toBe(4 * 64 * 64);
  expect(counters.bytesPeak - bare).toBeLessThanOrEqual(bytes);
  const evaluate = (): void => engine.scope(() => void engine.noGradient(() => checkpoint(twice, x.value)));
  evaluate();
  expect(counters.bytesLive - bare, "the panels of a weight that is only applied").toBe(4 * 64 * 64);
  await engine.backend.dispose();
});

it.each([
  ["the host", (weight: Tensor): void => weight.engine.writeTo(weight, [3, 4])],
  ["an op", (weight: Tensor): void => weight.engine.scope(() => addInto(weight, weight.engine.from([2, 2], [1, 2]), { accumulate: true }))],
])("packs a plain tensor anew after %s has written it", async (_, write) => {
  const engine = new Engine(createCpuBackend());
  const weight = engine.scope(() => engine.from([1, 2], [1, 2]));
  const apply = (): Tensor => engine.noGradient(() => engine.scope(() => linear(engine.from([1, 1], [1, 2]), { weight })));
  const before = apply();
  write(weight);
  const after = apply();
  expect([await before.item(), await after.item()]).toEqual([3, 7]);
  for (const tensor of [before, after, weight]) tensor.dispose();
  await engine.backend.dispose();
});
