import { adamw } from "@attune/optim";
import { createReferenceBackend, Engine, Parameter } from "@attune/tensor";
import type { Context } from "@attune/core";
import { expect, it } from "vitest";
import { files, temporaryFolder } from "../test/tiny.ts";
import { readCheckpointState, restoreCheckpoint, writeCheckpoint } from "./checkpoint.ts";

const state = {
  step: 3,
  cursor: { epoch: 0, batch: 3 },
  fingerprint: "f",
  rows: 1,
  settings: {},
  backend: "reference",
  logs: {},
  seconds: 1,
  skippedInARow: 0,
  loss: null,
};

it.each(["f32", "f64"] as const)("brings weights and optimiser state back to the last bit: %s", async (float) => {
  using output = temporaryFolder();
  const engine = new Engine(createReferenceBackend(), { float });
  const tensor = engine.makePersistent([2, 2], float);
  const parameter = new Parameter("weight", tensor);
  parameter.write(Float64Array.of(1 / 3, -2 / 3, 1e-40, Math.PI));
  const factory = await adamw.create(adamw.options.parse({}), {} as Context);
  using optimizer = factory.create([{ parameter, weightDecay: 0 }]);
  const { m, v } = optimizer.state.get("weight")!;
  engine.writeTo(m, [0.1, 0.2, 0.3, 0.4]);
  engine.writeTo(v, [1e-9, 1 / 7, 3, 4]);
  engine.writeTo(optimizer.applied, [3]);
  const read = async () => Promise.all([parameter.value, m, v, optimizer.applied].map((one) => one.read()));
  const before = await read();
  const trained = { parameters: [parameter], optimizer };
  const folder = await writeCheckpoint(files, output.path, trained, state);
  for (const one of [m, v]) engine.writeTo(one, [0, 0, 0, 0]);
  parameter.write(new Float32Array(4));
  await restoreCheckpoint(files, folder, trained, await readCheckpointState(files, folder));
  expect(await read()).toEqual(before);
});
