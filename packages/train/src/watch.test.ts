// Evaluation while training: the best model, giving up, stopping in the middle, and the same after a resume.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AttuneError } from "@attune/core";
import { createEvaluator } from "@attune/evaluation";
import type { Evaluator } from "@attune/evaluation";
import { describe, expect, it } from "vitest";
import { files, temporaryFolder, tinyConfig } from "../test/tiny.ts";
import { jsonlTracker, train, watchedMetric } from "./index.ts";
import type { TrainConfig, TrainEvent, TrainResult } from "./index.ts";

/** Gives these values one after the other, from the n-th on. */
function scripted(values: readonly number[], { name = "dev", from = 0 } = {}): Evaluator {
  let at = from;
  return createEvaluator({
    name,
    metrics: ["score", "other"],
    primary: "score",
    evaluateQueries: async () => ({ metrics: { score: values[at++], other: 0 } }),
  });
}

async function run(config: TrainConfig, signal = new AbortController().signal): Promise<{ result: TrainResult; events: TrainEvent[] }> {
  const events: TrainEvent[] = [];
  const running = train(config, { files, signal });
  for await (const event of running) events.push(event);
  return { result: await running.result, events };
}

const checkpoints = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("checkpoint"));
const weights = (folder: string, step: number): Float32Array => {
  const bytes = readFileSync(join(folder, `checkpoint-${step}`, "model.safetensors"));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + Number(bytes.readBigUInt64LE(0)), bytes.byteOffset + bytes.length));
};

/** The same values, whichever tensor comes first. */
const same = (one: Float32Array, other: Float32Array): boolean =>
  Buffer.from(one.toSorted().buffer).equals(Buffer.from(other.toSorted().buffer));

describe("the best model", () => {
  it("is the one that is left, and its checkpoint stays beside the newest", async () => {
    using output = temporaryFolder();
    const config = await tinyConfig(
      output.path,
      { evalSteps: 2, bestMetric: "score" },
      { evaluators: [scripted([0.1, 0.5, 0.5, 0.2, 0.3])] },
    );
    const { result, events } = await run(config);
    expect(result).toMatchObject({ status: "done", steps: 9, best: { metric: "score", step: 4, value: 0.5 } });
    expect(events.flatMap((event) => (event.type === "evaluation" ? [[event.step, event.improved]] : []))).toEqual([
      [2, true],
      [4, true],
      [6, false],
      [8, false],
      [9, false],
    ]);
    expect(checkpoints(output.path)).toEqual(["checkpoint-4", "checkpoint-9"]);
    const values = await Promise.all(config.model.parameters.map(async ({ value }) => [...(await value.read())]));
    expect(same(Float32Array.from(values.flat()), weights(output.path, 4))).toBe(true);
    expect(same(weights(output.path, 9), weights(output.path, 4))).toBe(false);
  });

  it("is never one of a metric that is no finite number, whose checkpoint could not be read back", async () => {
    using output = temporaryFolder();
    const options = { evalSteps: 3, bestMetric: "score", maxSteps: 6 };
    const first = await run(await tinyConfig(output.path, options, { evaluators: [scripted([Infinity, -Infinity])] }));
    expect(first.result.best).toBeUndefined();
    const again = await run(await tinyConfig(output.path, options, { evaluators: [scripted([])], resume: true }));
    expect(again.events.filter(({ type }) => type === "warning")).toEqual([]);
    expect(again.result).toMatchObject({ status: "done", steps: 6 });
  });

  it("must be better by the least difference that counts", async () => {
    using output = temporaryFolder();
    const evaluators = [scripted([0.5, 0.55, 0.7])];
    const { result } = await run(await tinyConfig(output.path, { evalSteps: 3, bestMetric: "score", minDelta: 0.1 }, { evaluators }));
    expect(result.best).toEqual({ metric: "score", step: 9, value: 0.7 });
  });

  it("stops when evaluations do not become better, and knows so after a resume", async () => {
    using output = temporaryFolder();
    const options = { evalSteps: 1, patience: 2 };
    const { result } = await run(await tinyConfig(output.path, options, { evaluators: [scripted([0.3, Number.NaN, 0.2, 0.9])] }));
    expect(result).toMatchObject({ status: "done", steps: 3, stoppedEarly: true, best: { step: 1 } });
    const again = await run(await tinyConfig(output.path, options, { evaluators: [scripted([0.9])], resume: true }));
    expect(again.result).toMatchObject({ status: "done", steps: 3, stoppedEarly: true, best: { step: 1 } });
  });

  it("is the same after an interruption", async () => {
    using straight = temporaryFolder();
    using cut = temporaryFolder();
    const values = [0.1, 0.4, 0.3, 0.2, 0.1];
    const options = { evalSteps: 2, patience: 3, saveSteps: 1, keep: 2 };
    const whole = await run(await tinyConfig(straight.path, options, { evaluators: [scripted(values)] }));
    const first = train(await tinyConfig(cut.path, options, { evaluators: [scripted(values)] }), {
      files,
      signal: new AbortController().signal,
    });
    for await (const event of first) if (event.type === "step" && event.step === 5) break;
    const { steps } = await first.result;
    const from = Math.floor(steps / 2);
    const rest = await run(await tinyConfig(cut.path, options, { evaluators: [scripted(values, { from })], resume: true }));
    expect(rest.result.best).toEqual(whole.result.best);
    expect(rest.result.steps).toBe(whole.result.steps);
    expect(checkpoints(cut.path)).toEqual(checkpoints(straight.path));
    for (const name of checkpoints(straight.path))
      expect(weights(cut.path, Number(name.slice(11)))).toEqual(weights(straight.path, Number(name.slice(11))));
  });

  it("says so when its checkpoint is gone", async () => {
    using output = temporaryFolder();
    const evaluators = [scripted([0.9, 0.1, 0.1])];
    const config = await tinyConfig(output.path, { evalSteps: 3, bestMetric: "score" }, { evaluators });
    const events: TrainEvent[] = [];
    for await (const event of train(config, { files, signal: new AbortController().signal })) {
      events.push(event);
      if (event.type === "step" && event.step === 7) await files.remove(join(output.path, "checkpoint-3"));
    }
    expect(events).toContainEqual(
      expect.objectContaining({ type: "warning", message: expect.stringMatching(/best step 3 is gone/) as string }),
    );
  });
});

describe("stopping", () => {
  const slow = (onStart: () => void): Evaluator =>
    createEvaluator({
      name: "slow",
      metrics: ["score"],
      primary: "score",
      async evaluateQueries(embedder, signal) {
        await embedder.encode(["a text"]);
        onStart();
        await new Promise((resolve, reject) => {
          signal!.addEventListener("abort", () => reject(signal!.reason as Error), { once: true });
          setTimeout(resolve, 60_000).unref();
        });
        return { metrics: { score: 1 } };
      },
    });

  it("cuts an evaluation short, leaves a checkpoint, and a resume makes up for it", async () => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const options = { evalSteps: 2, bestMetric: "score", maxSteps: 4 };
    const { promise: started, resolve: onStart } = Promise.withResolvers<void>();
    const running = run(await tinyConfig(output.path, options, { evaluators: [slow(onStart)] }), controller.signal);
    await started;
    const asked = performance.now();
    controller.abort();
    const { result, events } = await running;
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(result).toMatchObject({ status: "stopped", steps: 2 });
    expect(events.some(({ type }) => type === "evaluation")).toBe(false);
    expect(existsSync(join(output.path, "checkpoint-2"))).toBe(true);
    const again = await run(
      await tinyConfig(output.path, options, { evaluators: [{ ...scripted([0.7, 0.6]), name: "slow", metrics: ["score"] }], resume: true }),
    );
    expect(again.events.flatMap((event) => (event.type === "evaluation" ? [event.step] : []))).toEqual([2, 4]);
    expect(again.result.best).toEqual({ metric: "score", step: 2, value: 0.7 });
  });
});

describe("stopping in an evaluation", () => {
  it.each([
    { what: "the reason of AbortSignal.timeout", reason: new DOMException("The operation was aborted due to timeout", "TimeoutError") },
    { what: "a text", reason: "enough" },
    { what: "an error", reason: new Error("enough") },
  ])("leaves a checkpoint, whatever reason the signal is given: $what", async ({ reason }) => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const told = createEvaluator({
      name: "dev",
      metrics: ["score"],
      primary: "score",
      async evaluateQueries(embedder) {
        controller.abort(reason);
        await embedder.encode(["a text"]); // hears the signal of the training
        return { metrics: { score: 1 } };
      },
    });
    const { result } = await run(await tinyConfig(output.path, { evalSteps: 2, maxSteps: 4 }, { evaluators: [told] }), controller.signal);
    expect(result).toMatchObject({ status: "stopped", steps: 2 });
    expect(existsSync(join(output.path, "checkpoint-2"))).toBe(true);
  });

  it("hides no failure of the evaluator", async () => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const broken = createEvaluator({
      name: "dev",
      metrics: ["score"],
      primary: "score",
      async evaluateQueries() {
        controller.abort("enough");
        throw new Error("broken");
      },
    });
    const config = await tinyConfig(output.path, { evalSteps: 2, maxSteps: 4 }, { evaluators: [broken] });
    await expect(run(config, controller.signal)).rejects.toThrow("broken");
  });
});

describe("stopping in the last evaluation", () => {
  /** The first evaluations give these values; the one after them lasts until it is told to stop. */
  const stuck = (values: readonly number[], onStart: () => void): Evaluator => {
    let at = 0;
    return createEvaluator({
      name: "dev",
      metrics: ["score", "other"],
      primary: "score",
      async evaluateQueries(_embedder, signal) {
        if (at < values.length) return { metrics: { score: values[at++], other: 0 } };
        onStart();
        signal!.throwIfAborted();
        throw new Error("nobody stopped it");
      },
    });
  };

  it.each([
    { what: "before the last step", evalSteps: 3 },
    { what: "of all", evalSteps: 4 },
  ])("is no end: a resume measures the last step, and leaves the best of all ($what)", async ({ evalSteps }) => {
    using output = temporaryFolder();
    const options = { evalSteps, bestMetric: "score", maxSteps: 4 };
    const earlier = evalSteps === 3 ? [0.5] : [];
    const controller = new AbortController();
    const evaluators = [stuck(earlier, () => controller.abort())];
    const { result, events } = await run(await tinyConfig(output.path, options, { evaluators }), controller.signal);
    expect(result).toMatchObject({ status: "stopped", steps: 4 });
    expect(result.checkpoint).toMatch(/checkpoint-4$/);
    expect(events.at(-1)).toMatchObject({ type: "end", result: { status: "stopped" } });
    const config = await tinyConfig(output.path, options, { evaluators: [scripted([0.9])], resume: true });
    const again = await run(config);
    expect(again.result).toMatchObject({ status: "done", steps: 4, best: { step: 4, value: 0.9 } });
    const values = await Promise.all(config.model.parameters.map(async ({ value }) => [...(await value.read())]));
    expect(same(Float32Array.from(values.flat()), weights(output.path, 4))).toBe(true);
  });

  it("that nobody asked for is none: a training that is told to stop after its last step is done", async () => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const running = train(await tinyConfig(output.path, { maxSteps: 1 }, { evaluators: [scripted([])] }), {
      files,
      signal: controller.signal,
    });
    for await (const event of running) if (event.type === "step") controller.abort();
    expect(await running.result).toMatchObject({ status: "done", steps: 1 });
  });
});

describe("the metric that chooses", () => {
  const two = [scripted([], { name: "a" }), scripted([], { name: "b" })];

  it.each([
    { options: {}, of: two, metric: undefined },
    { options: { evalSteps: 1, patience: 1 }, of: two, metric: "a/score" },
    { options: { evalSteps: 1, bestMetric: "other" }, of: two.slice(1), metric: "other" },
    { options: { evalSteps: 1, bestMetric: "b/other" }, of: two, metric: "b/other" },
  ])("of $options is $metric", ({ options, of, metric }) => {
    expect(watchedMetric(options, of)).toBe(metric);
  });

  it.each([
    {
      options: { evalSteps: 1, bestMetric: "ndcg@5" },
      of: two,
      code: "E_METRIC",
      hint: /available: a\/score, a\/other, b\/score, b\/other; --eval-k/,
    },
    { options: { evalSteps: 1, bestMetric: "score" }, of: two, code: "E_METRIC", hint: /available: a\/score, b\/score$/ },
    { options: { evalSteps: 1, bestMetric: "A/Scor" }, of: two, code: "E_METRIC", hint: /^did you mean "a\/score"\? available: a\/score/ },
    { options: { bestMetric: "score" }, of: two, code: "E_OPTION", hint: /--eval-steps/ },
    { options: { evalSteps: 1, minDelta: 0.1 }, of: two, code: "E_OPTION", hint: /--best-metric or --patience/ },
    { options: { evalSteps: 1, patience: 1 }, of: [], code: "E_OPTION", hint: /--hold-out/ },
  ])("of $options is $code", ({ options, of, code, hint }) => {
    expect.assertions(2);
    try {
      watchedMetric(options, of);
    } catch (error) {
      expect(error).toMatchObject({ code });
      expect((error as AttuneError).hint).toMatch(hint);
    }
  });
});

describe("a lock that the caller holds", () => {
  it("is the caller's to give back; without it the folder is locked here", async () => {
    using output = temporaryFolder();
    const path = join(output.path, ".lock");
    const lock = await files.lock(path);
    await expect(run(await tinyConfig(output.path, { maxSteps: 1 }))).rejects.toMatchObject({ code: "E_LOCKED" });
    expect((await run(await tinyConfig(output.path, { maxSteps: 1 }, { lock }))).result.status).toBe("done");
    expect(existsSync(path)).toBe(true);
    await lock[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });
});

describe("logs", () => {
  it("of a tracker that failed are cut to its last good checkpoint and go on after a resume", async () => {
    using output = temporaryFolder();
    const path = join(output.path, "log.jsonl");
    const good = jsonlTracker(files, output.path);
    const failing = {
      ...good,
      async onEvent(event: TrainEvent) {
        if (event.type === "step" && event.step === 5) {
          await files.append(path, '{"half a li');
          throw new Error("disk full");
        }
        await good.onEvent(event);
      },
    };
    const options = { saveSteps: 2, maxSteps: 6 };
    await run(await tinyConfig(output.path, options, { trackers: [failing] }));
    await run(await tinyConfig(output.path, options, { trackers: [jsonlTracker(files, output.path)], resume: true }));
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as TrainEvent);
    expect(lines.flatMap((event) => (event.type === "step" ? [event.step] : []))).toEqual([1, 2, 3, 4]);
    expect(lines.at(-1)!.type).toBe("end");
  });

  it("that somebody removed start again", async () => {
    using output = temporaryFolder();
    const trackers = () => [jsonlTracker(files, output.path)];
    await run(await tinyConfig(output.path, { saveSteps: 2, maxSteps: 2 }, { trackers: trackers() }));
    await files.remove(join(output.path, "log.jsonl"));
    const { events } = await run(await tinyConfig(output.path, { saveSteps: 2, maxSteps: 2 }, { trackers: trackers(), resume: true }));
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  });

  it("are closed before the folder is free for another training", async () => {
    using output = temporaryFolder();
    let locked: boolean | undefined;
    const tracker = {
      name: "slow",
      async onEvent(event: TrainEvent) {
        if (event.type !== "end") return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        locked = await files.lock(join(output.path, ".lock")).then(
          () => false,
          () => true,
        );
      },
    };
    await run(await tinyConfig(output.path, { maxSteps: 1 }, { trackers: [tracker] }));
    expect(locked).toBe(true);
  });
});
