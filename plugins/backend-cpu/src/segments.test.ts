import { Engine, fill, segmentMax, sum, Parameter } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

it("gives rows of a batch without texts no gradient, whatever their memory held", async () => {
  const engine = new Engine(createCpuBackend());
  const x = new Parameter("x", engine.makePersistent([5, 3], "f32"));
  x.write(new Float32Array(15).fill(1));
  engine.scope(() => {
    const largest = segmentMax(x.value, engine.from(Int32Array.of(2))); // [0 3]
    engine.scope(() => void Array.from({ length: 40 }, () => fill(engine, [5, 3], 7))); // what is freed is handed out next
    engine.backward(sum(largest));
  });
  expect([...(await x.gradient!.read())]).toEqual(Array<number>(15).fill(0));
  x.dispose();
  await engine.backend.dispose();
});
