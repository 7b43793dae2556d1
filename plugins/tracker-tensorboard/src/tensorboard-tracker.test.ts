import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseOptions } from "@attune/core";
import type { Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import type { StartEvent, StepEvent, Tracker, TrainEvent } from "@attune/train";
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventFiles, parseEvents, readEvents } from "../test/read-events.ts";
import { eventRecord } from "./event-record.ts";
import tensorboard, { tensorboardTracker } from "./index.ts";

const files = createNodeFiles();

function temporaryFolder(): { path: string; runs: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "attune-tensorboard-"));
  return { path, runs: join(path, "runs"), [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const start = (doneBefore = 0): StartEvent => ({ type: "start", steps: 6, epochs: 1, doneBefore, examples: 48, trainableParameters: 10 });
const step = (number: number, loss = 1 / number): StepEvent => ({
  type: "step",
  step: number,
  epoch: 0,
  loss,
  learningRate: number * 1e-5,
  gradientNorm: number / 2,
  applied: true,
  tokens: 300,
  seconds: number * 0.5,
});
const evaluation: TrainEvent = { type: "evaluation", step: 2, name: "held-out", metrics: { "ndcg@10": 0.75, mrr: 0.5 }, seconds: 1 };

async function tell(tracker: Tracker, events: readonly TrainEvent[]): Promise<void> {
  for (const event of events) await tracker.onEvent(event);
}

/** Steps of a tag, in file order. */
const stepsOf = (folder: string, tag = "loss") => readEvents(folder).flatMap(({ step, scalars }) => (tag in scalars ? [step] : []));

afterEach(() => void vi.useRealTimers());

describe("the event file", () => {
  it("holds every scalar by step", async () => {
    using output = temporaryFolder();
    const before = Date.now() / 1000;
    await tell(tensorboardTracker(files, output.path), [
      start(),
      step(1),
      step(2),
      evaluation,
      { type: "warning", step: 2, message: "" },
      step(3),
      step(4),
    ]);
    const [first, second, ...events] = readEvents(output.runs);
    expect(first).toMatchObject({ version: "brain.Event:2", scalars: {} });
    expect(second).toMatchObject({ started: true, step: 0, scalars: {} });
    expect(events.map(({ step, scalars }) => [step, scalars])).toEqual([
      [1, { loss: 1, learning_rate: Math.fround(1e-5), gradient_norm: 0.5 }],
      [2, { loss: 0.5, learning_rate: Math.fround(2e-5), gradient_norm: 1 }],
      [2, { "eval/ndcg@10": 0.75, "eval/mrr": 0.5 }],
      [3, { loss: Math.fround(1 / 3), learning_rate: Math.fround(3e-5), gradient_norm: 1.5 }],
      [4, { loss: 0.25, learning_rate: Math.fround(4e-5), gradient_norm: 2, tokens_per_second: 600 }],
    ]);
    for (const { wallTime } of [first, ...events]) {
      expect(wallTime).toBeGreaterThanOrEqual(before);
      expect(wallTime).toBeLessThanOrEqual(Date.now() / 1000);
    }
  });

  it("has the bytes that the format says", () => {
    const record = eventRecord(1.5, { step: 300, scalars: { a: 0.5 } });
    const data = [
      ...[0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f], // wall_time = 1.5
      ...[0x10, 0xac, 0x02], // step = 300
      ...[0x2a, 10, 0x0a, 8, 0x0a, 1, 0x61, 0x15, 0, 0, 0, 0x3f], // summary { value { tag "a", simple_value 0.5 } }
    ];
    expect([...record.subarray(0, 8)]).toEqual([data.length, 0, 0, 0, 0, 0, 0, 0]);
    expect([...record.subarray(12, 12 + data.length)]).toEqual(data);
    expect(record).toHaveLength(16 + data.length);
  });

  it.each([0, 1, 127, 128, 16_384, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])("keeps step %i", (step) => {
    expect(parseEvents(eventRecord(0, { step, scalars: { loss: 1 } }))[0].step).toBe(step);
  });

  it("keeps what is not finite, and tags of any script and length", () => {
    const scalars = { loss: Number.NaN, gradient_norm: Infinity, [`eval/准确率${"x".repeat(300)}`]: -1.5 };
    expect(parseEvents(eventRecord(0, { step: 1, scalars }))[0].scalars).toEqual(scalars);
  });
});

describe("a resumed training", () => {
  it("leaves no step twice, whatever was written after the checkpoint", async () => {
    using output = temporaryFolder();
    const killed = tensorboardTracker(files, output.path);
    await tell(killed, [start(), step(1), step(2), evaluation]);
    const offsets = await killed.offsets!();
    await tell(killed, [step(3), step(4)]);
    appendFileSync(join(output.runs, eventFiles(output.runs)[0]), Uint8Array.of(24, 0, 0)); // a record torn by the kill

    const resumed = tensorboardTracker(files, output.path);
    await resumed.truncate!(offsets);
    await tell(resumed, [start(2), step(3, 9), step(4), step(5), step(6)]);
    expect(stepsOf(output.runs)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stepsOf(output.runs, "eval/mrr")).toEqual([2]);
    expect(stepsOf(output.runs, "tokens_per_second")).toEqual([6]);
    expect(readEvents(output.runs).flatMap(({ started, step }) => (started ? [step] : []))).toEqual([0, 3]);
    expect(Object.keys(await resumed.offsets!())).toEqual(eventFiles(output.runs).map((name) => `runs/${name}`));
  });

  it("again and again, each part in a file of its own, in order", async () => {
    using output = temporaryFolder();
    let offsets: Readonly<Record<string, number>> = {};
    for (let done = 0; done < 6; done += 2) {
      const part = tensorboardTracker(files, output.path);
      if (done > 0) await part.truncate!(offsets);
      await tell(part, [start(done), step(done + 1), step(done + 2)]);
      offsets = await part.offsets!();
      await tell(part, [step(done + 3)]);
    }
    expect(eventFiles(output.runs)).toHaveLength(3);
    expect(stepsOf(output.runs)).toEqual([1, 2, 3, 4, 5, 6, 7]); // the last part was not cut
  });

  it("that begins anew takes the place of the one before, in any folder", async () => {
    using output = temporaryFolder();
    for (const steps of [[step(1), step(2)], [step(1)]]) await tell(tensorboardTracker(files, output.path), [start(), ...steps]);
    expect(stepsOf(output.runs)).toEqual([1]);
  });

  it("removes the file of a part without a checkpoint, and no other writer's", async () => {
    using output = temporaryFolder();
    const first = tensorboardTracker(files, output.path);
    await tell(first, [start(), step(1)]);
    const offsets = await first.offsets!();
    await tell(tensorboardTracker(files, output.path), [start(1), step(2)]);
    writeFileSync(join(output.runs, "events.out.tfevents.7.host.1.0"), "");
    await tensorboardTracker(files, output.path).truncate!(offsets);
    expect(eventFiles(output.runs)).toHaveLength(2);
    expect(stepsOf(output.runs)).toEqual([1]);
  });

  it("never makes a file longer: what a power cut took is not filled with zeros", async () => {
    using output = temporaryFolder();
    const tracker = tensorboardTracker(files, output.path);
    await tell(tracker, [start(), step(1), step(2)]);
    const offsets = await tracker.offsets!();
    const path = join(output.runs, eventFiles(output.runs)[0]);
    const kept = readFileSync(path).length - eventRecord(0, { step: 2, scalars: { loss: 1, learning_rate: 1, gradient_norm: 1 } }).length;
    truncateSync(path, kept);
    await tracker.truncate!(offsets);
    expect(stepsOf(output.runs)).toEqual([1]);
  });

  it("sorts its file behind the earlier ones when the clock was set back", async () => {
    using output = temporaryFolder();
    await tell(tensorboardTracker(files, output.path), [start(), step(1)]);
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2001-01-01") });
    await tell(tensorboardTracker(files, output.path), [start(1), step(2)]);
    expect(stepsOf(output.runs)).toEqual([1, 2]);
  });

  it("of which nothing was tracked before starts a folder", async () => {
    using output = temporaryFolder();
    const tracker = tensorboardTracker(files, output.path);
    await tracker.truncate!({ "log.jsonl": 10 });
    expect(await tracker.offsets!()).toEqual({});
    await tell(tracker, [start(3), step(4)]);
    expect(stepsOf(output.runs)).toEqual([4]);
  });
});

describe("the plugin", () => {
  it("puts the files where its option says", async () => {
    using output = temporaryFolder();
    const create = await tensorboard.create(parseOptions(tensorboard.options, { folder: "curves" }, "tracker tensorboard"), {
      files,
    } as Context);
    await tell(create(output.path), [start(), step(1)]);
    expect(stepsOf(join(output.path, "curves"))).toEqual([1]);
  });

  it.each(["", "../runs", "a/../../b", "/runs", "\\\\host\\runs", "c:\\runs"])("refuses the folder %j", (folder) => {
    expect(() => parseOptions(tensorboard.options, { folder }, "tracker tensorboard")).toThrow(
      expect.objectContaining({ code: "E_OPTION" }),
    );
  });
});

const python = process.env.ATTUNE_PYTHON ?? "python3";
const reader = fileURLToPath(new URL("../test/read_events.py", import.meta.url));
const absent = spawnSync(python, ["-c", "import tensorboard"]).status !== 0;

it.skipIf(absent)(
  `TensorBoard reads the same numbers${absent ? " (skipped: python3 has no tensorboard; ATTUNE_PYTHON may name one that has)" : ""}`,
  async () => {
    using output = temporaryFolder();
    const killed = tensorboardTracker(files, output.path);
    await tell(killed, [start(), step(1), step(2), evaluation]);
    const offsets = await killed.offsets!();
    await tell(killed, [step(3, 99)]);
    const resumed = tensorboardTracker(files, output.path);
    await resumed.truncate!(offsets);
    await tell(resumed, [start(2), step(3), step(4), step(5), step(6)]);
    const { stdout, stderr } = spawnSync(python, [reader, output.runs], { encoding: "utf8" });
    expect(stdout, stderr).not.toBe("");
    const expected = {
      loss: [1, 2, 3, 4, 5, 6].map((number) => [number, Math.fround(1 / number)]),
      learning_rate: [1, 2, 3, 4, 5, 6].map((number) => [number, Math.fround(number * 1e-5)]),
      gradient_norm: [1, 2, 3, 4, 5, 6].map((number) => [number, number / 2]),
      tokens_per_second: [[6, 600]],
      "eval/ndcg@10": [[2, 0.75]],
      "eval/mrr": [[2, 0.5]],
    };
    expect(JSON.parse(stdout)).toEqual({ plain: expected, pages: expected });
  },
);
