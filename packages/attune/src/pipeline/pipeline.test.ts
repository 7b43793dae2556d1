// A pipeline that is killed while it begins anew.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, tinyModel } from "../../test/cli.ts";
import { createRegistryWith } from "../built-ins.ts";
import { openRuntime } from "../runtime.ts";
import { pipelineSettings } from "../settings/pipeline-settings.ts";
import { runPipeline } from "./pipeline.ts";
import type { PipelineObserver } from "./pipeline.ts";

const silent: PipelineObserver = {
  data() {},
  stage() {},
  finished() {},
  embedded() {},
  mining: { task() {}, encoding() {}, searching() {}, rescoring() {} },
  training: { event() {} },
};

test("a kill at any moment of --overwrite leaves a folder that the same command takes without it", async () => {
  const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "garden", "window"];
  const lines = things.map((thing) => `${JSON.stringify({ query: `where is the ${thing}?`, pos: [`the ${thing} is here`] })}\n`);
  const folder = folderWith({ "pairs.jsonl": lines.join("") });
  const output = join(folder, "out");
  await using runtime = await openRuntime({ registry: await createRegistryWith([]), device: "typescript" });
  const settings = pipelineSettings.parse({
    model: tinyModel,
    data: join(folder, "pairs.jsonl"),
    output,
    holdOut: 0.25,
    batchSize: 3,
    skip: ["inspect", "mine", "evaluate"],
  });
  const { status, stages } = await runPipeline(settings, runtime, silent);
  expect([status, Object.keys(stages)]).toEqual(["done", ["baseline", "train"]]);
  for (const removals of [0, 1, 2, 4]) {
    let left = removals;
    const { files } = runtime.context;
    const remove = async (path: string): Promise<void> => {
      if (left-- === 0) throw new Error("killed");
      await files.remove(path);
    };
    const killed = { ...runtime, context: { ...runtime.context, files: { ...files, remove } } };
    const anew = runPipeline({ ...settings, learningRate: 1e-3 }, killed, silent, { overwrite: true });
    await expect(anew).rejects.toThrow("killed");
    if (removals === 1) writeFileSync(join(output, "model", "half-removed"), "");
    const again = await runPipeline(removals === 0 ? settings : { ...settings, learningRate: 1e-3 }, runtime, silent);
    expect(again.status, `after ${removals} removals`).toBe("done");
    expect(existsSync(join(output, "model", "model.safetensors"))).toBe(true);
  }
});
