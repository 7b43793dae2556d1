import { Engine, linear, Parameter, sum } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

const MB = 1 << 20;

it("gives back memory only when those who used it while it waited are done", async () => {
  const engine = new Engine(createCpuBackend());
  const { backend } = engine;
  const weight = new Parameter("w", engine.makePersistent([1024, 1024], "f32"));
  weight.write(new Float32Array(MB).fill(1 / 1024));
  const filler = engine.makePersistent([12 * MB], "f32"); // most of the first chunk, so that large temporaries get one of their own
  /** Lets go of all large tensors when it is enqueued, long before it is computed. */
  const work = (rows: number): Tensor =>
    engine.noGradient(() =>
      engine.scope(() => {
        let x = engine.from(new Float32Array(rows * 1024).fill(2), [rows, 1024]);
        for (let i = 0; i < 6; i++) x = linear(x, { weight: weight.value });
        return sum(x);
      }),
    );
  const sums = [work(1), work(2048)];
  await backend.sync();
  const before = backend.counters.bytesReserved;
  const trimmed = backend.trim!();
  sums.push(work(2048));
  await Promise.all([trimmed, backend.trim!()]);
  expect(await Promise.all(sums.map((one) => one.item()))).toEqual([2048, 2048 * 2048, 2048 * 2048]);
  await backend.trim!();
  expect(backend.counters.bytesReserved).toBeLessThan(before);
  for (const tensor of [...sums, filler, weight]) tensor.dispose();
  expect(backend.counters.bytesLive).toBe(0);
  await backend.dispose();
});
