import { cast, checkpoint, concat, Engine, Parameter, sum } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

const twice = (x: Tensor): Tensor => concat([x, x], { axis: 0 });

it.each([
  ["a value", twice],
  ["a checkpointed input", (x: Tensor): Tensor => checkpoint(twice, x)],
])("adds gradients in bf16 that meet at %s", async (_, run) => {
  const engine = new Engine(createCpuBackend());
  const x = new Parameter("x", engine.makePersistent([3, 5], "f32"));
  x.write(new Float32Array(15).fill(1));
  engine.scope(() => engine.backward(sum(cast(run(cast(x.value, "bf16")), "f32"))));
  expect([...(await x.gradient!.read())]).toEqual(Array<number>(15).fill(2));
  x.dispose();
  await engine.backend.dispose();
});
