// Who frees the model of a training and gives its folder back, however it ends.

import { existsSync, readFileSync } from "node:fs";
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
  const job = await beginJob(settingsFor("stopped"), runtime);
  const training = startTraining(job.prepared, runtime, { resume: false });
  for await (const event of training) if (event.type === "step") break;
  expect(counters.bytesLive).toBeGreaterThan(0);
  expect((await finishJob(job, await training.result, runtime)).status).toBe("stopped");
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

const settingsIn = (folder: string, more: object = {}) => {
  const paths = { model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, "out") };
  return { ...trainSettings.parse({ ...paths, batchSize: 4, holdOut: 0.25, report: false, ...more }), device: "auto", plugins: [] };
};

test("a training has its folder for itself from the first write to the last, and gives it back however it ends", async () => {
  const folder = folderWith({ "rows.jsonl": rows(16) });
  const [lock, record] = [".lock", "attune.json"].map((name) => join(folder, "out", name));
  await using runtime = await openRuntime({ registry: await createRegistryWith([]), device: "typescript" });
  const { counters } = runtime.context.backend;
  const locked: boolean[] = [];
  const observer = {
    measuring: () => void locked.push(existsSync(lock)),
    saved: () => void locked.push(existsSync(lock)),
    measured: () => void locked.push(existsSync(lock)),
  };
  {
    await using job = await beginJob(settingsIn(folder), runtime, { observer });
    const before = readFileSync(record, "utf8");
    const live = counters.bytesLive;
    const other = beginJob(settingsIn(folder, { seed: 7 }), runtime, { overwrite: true });
    await expect(other).rejects.toMatchObject({ code: "E_LOCKED" });
    expect([readFileSync(record, "utf8"), counters.bytesLive]).toEqual([before, live]);
    const result = await startTraining(job.prepared, runtime, { resume: false }).result;
    expect(existsSync(lock)).toBe(true);
    expect((await finishJob(job, result, runtime, observer)).status).toBe("done");
    expect(existsSync(lock)).toBe(false);
  }
  expect(locked.length).toBeGreaterThan(4);
  expect(locked.every(Boolean)).toBe(true);

  const failing = {
    measured() {
      throw new Error("whoever listens fails");
    },
  };
  await expect(beginJob(settingsIn(folder), runtime, { overwrite: true, observer: failing })).rejects.toThrow("whoever listens");
  expect(existsSync(lock)).toBe(false);
  {
    await using job = await beginJob(settingsIn(folder), runtime, { overwrite: true });
    const training = startTraining(job.prepared, runtime, { resume: false });
    await training.stop();
    expect((await finishJob(job, await training.result, runtime)).status).toBe("stopped");
    expect(existsSync(lock)).toBe(false);
  }
  {
    await using job = await beginJob(settingsIn(folder), runtime, { overwrite: true });
    await expect(startTraining(job.prepared, runtime, { resume: true }).result).rejects.toMatchObject({ code: "E_RESUME" });
  }
  expect([existsSync(lock), counters.bytesLive]).toEqual([false, 0]);
});
