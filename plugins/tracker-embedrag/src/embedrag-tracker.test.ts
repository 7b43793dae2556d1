import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseOptions } from "@attune/core";
import type { Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import type { EndEvent, StartEvent, StepEvent, Tracker, TrainEvent } from "@attune/train";
import { describe, expect, it } from "vitest";
import embedrag, { embedragTracker } from "./index.ts";

const files = createNodeFiles();
const DETAILED = "detailed_training_logs.json";
const LOSSES = "training_losses.json";
const REPORT = "training_summary_report.json";

interface Log {
  training_args: object;
  model_info: object;
  step_logs: Record<string, number | string | null>[];
  epoch_logs: Record<string, number | string | null>[];
  training_start_time: string;
  training_end_time: string | null;
  training_summary: Record<string, number> | null;
}

function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "attune-embedrag-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const read = <T = Log>(folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;

/** Three steps an epoch. */
const start = (doneBefore = 0): StartEvent => ({ type: "start", steps: 6, epochs: 2, doneBefore, examples: 48, trainableParameters: 1000 });
const losses = [4, 2, 3, 1, 2, 0.75];
const step = (number: number, loss = losses[number - 1]): StepEvent => ({
  type: "step",
  step: number,
  epoch: Math.floor((number - 1) / 3),
  loss,
  learningRate: number / 1024,
  gradientNorm: 1,
  applied: Number.isFinite(loss),
  tokens: 300,
  seconds: number * 0.5,
});
const steps = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => step(first + i));
const end = (status: "done" | "stopped", seconds = 3): EndEvent => ({
  type: "end",
  result: { status, steps: 6, seconds, tokensPerSecond: 600, finalLoss: 0.75, skippedSteps: 0, checkpoint: undefined },
});

async function tell(tracker: Tracker, events: readonly TrainEvent[]): Promise<void> {
  for (const event of events) await tracker.onEvent(event);
}

describe("a training from beginning to end", () => {
  it("leaves the fields of EmbedRAG's logs, in its order and units", async () => {
    using output = temporaryFolder();
    const settings = { model: "base", learningRate: 2e-5, loss: ["embedrag", { temperature: 0.02 }] };
    writeFileSync(join(output.path, "attune.json"), JSON.stringify({ ...settings, record: { versions: {} } }));
    await tell(embedragTracker(files, output.path), [start(), ...steps(1, 6), end("done")]);

    const log = read(output.path, DETAILED);
    expect(Object.keys(log)).toEqual([
      "training_args",
      "model_info",
      "step_logs",
      "epoch_logs",
      "training_start_time",
      "training_end_time",
      "training_summary",
    ]);
    expect(log.training_args).toEqual(settings);
    expect(log.model_info).toEqual({
      finetune_type: "full",
      quantization_bits: null,
      total_parameters: 1000,
      trainable_parameters: 1000,
      trainable_percentage: 100,
      lora_config: null,
    });
    expect(log.step_logs).toHaveLength(6);
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    expect(log.step_logs[4]).toEqual({
      epoch: 2,
      step: 2,
      global_step: 4,
      loss: 2,
      learning_rate: 5 / 1024,
      step_duration: 0.5,
      timestamp,
    });
    expect(log.epoch_logs).toEqual([
      { epoch: 1, avg_loss: 3, total_loss: 9, num_steps: 3, epoch_duration: 1.5, learning_rate: 3 / 1024, timestamp },
      { epoch: 2, avg_loss: 1.25, total_loss: 3.75, num_steps: 3, epoch_duration: 1.5, learning_rate: 6 / 1024, timestamp },
    ]);
    const summary = { total_training_time: 3, total_epochs: 2, total_steps: 6, final_loss: 1.25, best_loss: 1.25, avg_step_duration: 0.5 };
    expect(log.training_summary).toEqual(summary);
    expect(Date.parse(log.training_end_time!)).toBeGreaterThanOrEqual(Date.parse(log.training_start_time));

    expect(read(output.path, LOSSES)).toEqual([
      { epoch: 1, loss: 3 },
      { epoch: 2, loss: 1.25 },
    ]);
    expect(read<object>(output.path, REPORT)).toEqual({
      training_completed: true,
      completion_time: log.training_end_time,
      total_duration_hours: 3 / 3600,
      model_info: log.model_info,
      training_args: settings,
      performance_summary: summary,
      loss_progression: [
        { epoch: 1, avg_loss: 3 },
        { epoch: 2, avg_loss: 1.25 },
      ],
    });
  });

  it("writes after each epoch, and no report before the last one", async () => {
    using output = temporaryFolder();
    writeFileSync(join(output.path, REPORT), "{}"); // of an earlier training
    const tracker = embedragTracker(files, output.path);
    await tell(tracker, [start(), ...steps(1, 3)]);
    expect(existsSync(join(output.path, DETAILED))).toBe(false);
    await tell(tracker, [step(4)]);
    expect(read(output.path, LOSSES)).toEqual([{ epoch: 1, loss: 3 }]);
    expect(read(output.path, DETAILED)).toMatchObject({ training_args: {}, training_end_time: null, training_summary: null });
    expect(existsSync(join(output.path, REPORT))).toBe(false);
  });

  it("counts a step that was skipped, and its loss in no average", async () => {
    using output = temporaryFolder();
    await tell(embedragTracker(files, output.path), [start(), step(1), step(2, Number.NaN), step(3), end("done")]);
    const log = read(output.path, DETAILED);
    expect(log.step_logs.map(({ loss }) => loss)).toEqual([4, null, 3]);
    expect(log.epoch_logs[0]).toMatchObject({ avg_loss: 3.5, total_loss: 7, num_steps: 3 });
  });
});

describe("a resumed training", () => {
  it("ends in the log of an uninterrupted one, whatever was logged after the checkpoint", async () => {
    using straight = temporaryFolder();
    using interrupted = temporaryFolder();
    await tell(embedragTracker(files, straight.path), [start(), ...steps(1, 6), end("done")]);

    const killed = embedragTracker(files, interrupted.path);
    await tell(killed, [start(), ...steps(1, 2)]);
    expect(await killed.offsets!()).toEqual({});
    const before = read(interrupted.path, DETAILED);
    expect(before.step_logs).toHaveLength(2);
    expect(before.epoch_logs).toEqual([]);
    await tell(killed, [step(3, 99), step(4, 99)]); // writes, as an epoch is over
    await tell(embedragTracker(files, interrupted.path), [start(2), ...steps(3, 6), end("done")]);

    const timeless = (log: Log) => ({ ...log, training_start_time: "", training_end_time: "", ...withoutTimes(log) });
    expect(timeless(read(interrupted.path, DETAILED))).toEqual(timeless(read(straight.path, DETAILED)));
    expect(read(interrupted.path, LOSSES)).toEqual(read(straight.path, LOSSES));
    expect(read(interrupted.path, DETAILED).training_start_time).toBe(before.training_start_time);
  });

  it("after a stop has no end time, and its epoch is finished by the next part", async () => {
    using output = temporaryFolder();
    await tell(embedragTracker(files, output.path), [start(), ...steps(1, 3), end("stopped")]);
    expect(read(output.path, DETAILED)).toMatchObject({ epoch_logs: [], training_end_time: null });
    const resumed = embedragTracker(files, output.path);
    await tell(resumed, [start(3), step(4)]);
    await resumed.offsets!();
    expect(read(output.path, LOSSES)).toEqual([{ epoch: 1, loss: 3 }]);
  });

  it("whose earlier steps were not logged does not know how long its first one took", async () => {
    using output = temporaryFolder();
    await tell(embedragTracker(files, output.path), [start(4), ...steps(5, 6), end("done")]);
    const log = read(output.path, DETAILED);
    expect(log.step_logs.map(({ global_step, step_duration }) => [global_step, step_duration])).toEqual([
      [4, null],
      [5, 0.5],
    ]);
    expect(log.training_summary).toMatchObject({ avg_step_duration: 0.5, total_steps: 2 });
  });

  it.each([
    { content: "{", says: "is not valid JSON" },
    { content: '{"training_start_time":"","step_logs":[{}]}', says: "is no log to go on with (step_logs.0.epoch" },
  ])("refuses a log that says $content", async ({ content, says }) => {
    using output = temporaryFolder();
    writeFileSync(join(output.path, DETAILED), content);
    await expect(embedragTracker(files, output.path).onEvent(start(1))).rejects.toMatchObject({
      code: "E_LAYOUT",
      sentence: expect.stringContaining(says),
    });
    expect(readFileSync(join(output.path, DETAILED), "utf8")).toBe(content);
  });
});

it("is a plugin without options", async () => {
  using output = temporaryFolder();
  const create = await embedrag.create(parseOptions(embedrag.options, {}, "tracker embedrag"), { files } as Context);
  await tell(create(output.path), [start(), ...steps(1, 6), end("done")]);
  expect(existsSync(join(output.path, REPORT))).toBe(true);
  expect(() => parseOptions(embedrag.options, { folder: "x" }, "tracker embedrag")).toThrow(expect.objectContaining({ code: "E_OPTION" }));
});

function withoutTimes({ step_logs, epoch_logs }: Log) {
  const strip = (logs: Log["step_logs"]) => logs.map(({ timestamp: _, ...log }) => log);
  return { step_logs: strip(step_logs), epoch_logs: strip(epoch_logs) };
}
