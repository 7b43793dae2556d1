// Who frees the model of a training, however it ends.

import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, rows, tinyModel } from "../../test/cli.ts";
import { createRegistryWith } from "../built-ins.ts";
import { openRuntime } from "../runtime.ts";
import { trainSettings } from "../settings/train-settings.ts";
import { beginJob, finishJob } from "./job.ts";
import { startTraining } from "./prepare.ts";

test("a stopped training, one that fails before and one that fails after it began leave no tensor", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using runtime = await openRuntime({ registry: await createRegistryWith([]), device: "typescript" });
  const { counters } = runtime.context.backend;
  const settingsFor = (output: string, more: object = {}) => {
    const paths = { model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, output) };
    return { ...trainSettings.parse({ ...paths, batchSize: 2, epochs: 9, report: false, ...more }), device: "auto", plugins: [] };
  };
  {
    using job = await beginJob(settingsFor("stopped"), runtime);
    const training = startTraining(job.prepared, runtime, { resume: false });
    for await (const event of training) if (event.type === "step") break;
    expect((await finishJob(job, await training.result, runtime)).status).toBe("stopped");
    expect(counters.bytesLive).toBeGreaterThan(0);
  }
  expect(counters.bytesLive).toBe(0);
  await expect(beginJob(settingsFor("never", { evalData: "none.tsv" }), runtime)).rejects.toMatchObject({ code: "E_NO_FILE" });
  expect(counters.bytesLive).toBe(0);
  const observer = {
    prepared() {
      throw new Error("whoever listens fails");
    },
  };
  await expect(beginJob(settingsFor("never"), runtime, { observer })).rejects.toThrow("whoever listens fails");
  expect(counters.bytesLive).toBe(0);
});
