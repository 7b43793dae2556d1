import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lengthBucketedSampler, randomSampler, tokenBudgetSampler } from "@attune/data";
import type { BatchPlan, Sampler } from "@attune/data";
import { EmbeddingModel } from "@attune/embedding";
import { createEvaluator } from "@attune/evaluation";
import type { Evaluator } from "@attune/evaluation";
import type { Loss } from "@attune/losses";
import { scale, sum } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { files, temporaryFolder, tinyConfig, tinyRows } from "../test/tiny.ts";
import { jsonlTracker, planTraining, train, updatesOf } from "./index.ts";
import type { TrainConfig, TrainEvent } from "./index.ts";

const context = () => ({ files, signal: new AbortController().signal });
const { signal } = context();

async function eventsOf(config: TrainConfig): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(config, context())) events.push(event);
  return events;
}

const bytesOf = (folder: string, step: number) =>
  ["model.safetensors", "optimizer.safetensors"].map((name) => readFileSync(join(folder, `checkpoint-${step}`, name)));

const ofType = <T extends TrainEvent["type"]>(events: readonly TrainEvent[], type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);

describe("train", () => {
  it("tells start, every step, the checkpoint and the end, and the loss falls", async () => {
    using output = temporaryFolder();
    const events = await eventsOf(await tinyConfig(output.path, { epochs: 8, learningRate: 4e-3 }));
    expect(events[0]).toMatchObject({ type: "start", steps: 24, epochs: 8, doneBefore: 0, examples: 12 });
    const steps = ofType(events, "step");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(steps[0].learningRate).toBe(0); // warm-up starts at rate 0
    expect(steps.every(({ applied, gradientNorm, tokens }) => applied && gradientNorm > 0 && tokens > 0)).toBe(true);
    const mean = (some: typeof steps): number => some.reduce((total, { loss }) => total + loss, 0) / some.length;
    expect(mean(steps.slice(-3))).toBeLessThan(0.8 * mean(steps.slice(0, 3)));
    expect(events.at(-2)).toMatchObject({ type: "checkpoint", step: 24 });
    expect(events.at(-1)).toMatchObject({ type: "end", result: { status: "done", steps: 24, skippedSteps: 0 } });
  });

  it("is a function of its seed", async () => {
    using first = temporaryFolder();
    using second = temporaryFolder();
    using third = temporaryFolder();
    await train(await tinyConfig(first.path), context()).result;
    await train(await tinyConfig(second.path), context()).result;
    await train(await tinyConfig(third.path, { seed: 8 }), context()).result;
    expect(bytesOf(second.path, 9)).toEqual(bytesOf(first.path, 9));
    expect(bytesOf(third.path, 9)).not.toEqual(bytesOf(first.path, 9));
  });

  it.each([1, 2, 3])("stopped after step %i and resumed ends in the same bytes as uninterrupted", async (stopAt) => {
    using straight = temporaryFolder();
    using interrupted = temporaryFolder();
    await train(await tinyConfig(straight.path, { accumulation: 2 }), context()).result;
    const run = train(await tinyConfig(interrupted.path, { accumulation: 2 }), context());
    for await (const event of run) if (event.type === "step" && event.step === stopAt) break;
    const stopped = await run.result;
    expect(stopped.status).toBe("stopped");
    expect(stopped.steps).toBeLessThan(6);
    const events = await eventsOf(await tinyConfig(interrupted.path, { accumulation: 2 }, { resume: true }));
    expect(events[0]).toMatchObject({ type: "start", doneBefore: stopped.steps });
    expect(ofType(events, "step")[0].step).toBe(stopped.steps + 1);
    expect(bytesOf(interrupted.path, 6)).toEqual(bytesOf(straight.path, 6));
  });

  it("stops with a checkpoint when the signal is aborted", async () => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const run = train(await tinyConfig(output.path), { files, signal: controller.signal });
    for await (const event of run) if (event.type === "step") controller.abort();
    const { status, steps } = await run.result;
    expect(status).toBe("stopped");
    expect(readdirSync(output.path)).toContain(`checkpoint-${steps}`);
  });

  it("stops with a checkpoint while the next batch is read", async () => {
    using output = temporaryFolder();
    const config = await tinyConfig(output.path);
    const plan = await planTraining(config, { signal });
    const controller = new AbortController();
    const stuck: BatchPlan = {
      ...plan,
      async *from(cursor, signal) {
        for await (const batch of plan.from(cursor)) {
          if (batch.cursor.epoch === 1) {
            setTimeout(() => controller.abort());
            await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason as Error)));
          }
          yield batch;
        }
      },
    };
    const { status, steps } = await train({ ...config, plan: stuck }, { files, signal: controller.signal }).result;
    expect({ status, steps }).toEqual({ status: "stopped", steps: 3 });
    expect(readdirSync(output.path)).toContain("checkpoint-3");
  });

  it("hears a stop while batches are planned: there is nothing to leave yet but the reason", async () => {
    using output = temporaryFolder();
    const controller = new AbortController();
    const reason = new Error("enough");
    const sampler: Sampler = {
      ...randomSampler,
      *inPieces() {
        for (;;) yield;
      },
    };
    const run = train(await tinyConfig(output.path, {}, { sampler }), { files, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(run.result).rejects.toBe(reason);
  });

  it("keeps the steps before a failure between two of them, and goes on from there", async () => {
    using straight = temporaryFolder();
    using broken = temporaryFolder();
    const failing = (fails: boolean): Evaluator =>
      createEvaluator({
        name: "dev",
        metrics: ["score"],
        primary: "score",
        evaluateQueries: async () => {
          if (fails) throw new Error("the server is gone");
          return { metrics: { score: 1 } };
        },
      });
    await train(await tinyConfig(straight.path, { evalSteps: 4 }, { evaluators: [failing(false)] }), context()).result;
    const config = await tinyConfig(broken.path, { evalSteps: 4 }, { evaluators: [failing(true)] });
    await expect(train(config, context()).result).rejects.toThrow("the server is gone");
    expect(readdirSync(broken.path)).toContain("checkpoint-4");
    const again = await tinyConfig(broken.path, { evalSteps: 4 }, { evaluators: [failing(false)], resume: true });
    expect(ofType(await eventsOf(again), "evaluation").map(({ step }) => step)).toEqual([4, 8, 9]);
    expect(bytesOf(broken.path, 9)).toEqual(bytesOf(straight.path, 9));
  });

  it("keeps the newest checkpoints and no partial ones", async () => {
    using output = temporaryFolder();
    await train(await tinyConfig(output.path, { saveSteps: 2, keep: 2 }), context()).result;
    expect(readdirSync(output.path).filter((name) => name.includes("checkpoint"))).toEqual(["checkpoint-8", "checkpoint-9"]);
  });

  it("never takes a checkpoint away to write the same step again", async () => {
    using output = temporaryFolder();
    const removed: string[] = [];
    const watched = { ...files, remove: (path: string) => (removed.push(path), files.remove(path)) };
    await train(await tinyConfig(output.path), context()).result;
    const again = train(await tinyConfig(output.path, {}, { resume: true }), { files: watched, signal: new AbortController().signal });
    expect(await again.result).toMatchObject({ status: "done", steps: 9, checkpoint: join(output.path, "checkpoint-9") });
    expect(removed).toEqual([]);
  });

  it("forgets gradients that somebody left in the parameters", async () => {
    using clean = temporaryFolder();
    using dirty = temporaryFolder();
    await train(await tinyConfig(clean.path, { maxSteps: 2 }), context()).result;
    const config = await tinyConfig(dirty.path, { maxSteps: 2 });
    const [parameter] = config.model.parameters;
    const { tensor } = parameter.gradientDestination();
    tensor.engine.writeTo(tensor, new Float32Array(tensor.size).fill(5));
    await train(config, context()).result;
    const expected = bytesOf(clean.path, 2);
    expect(bytesOf(dirty.path, 2).map((bytes, i) => bytes.equals(expected[i]))).toEqual([true, true]);
  });

  it("evaluates while training, outside of the training clock", async () => {
    using output = temporaryFolder();
    const evaluator = createEvaluator({
      name: "width",
      metrics: ["width"],
      primary: "width",
      async evaluateQueries(embedder) {
        const vectors = await embedder.encode(["a kettle", "a bridge"], "query");
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return { metrics: { width: vectors.length / 2 } };
      },
    });
    const events = await eventsOf(await tinyConfig(output.path, { evalSteps: 4 }, { evaluators: [evaluator] }));
    expect(ofType(events, "evaluation").map(({ step, metrics }) => [step, metrics.width])).toEqual([
      [4, 32],
      [8, 32],
      [9, 32],
    ]);
    const steps = ofType(events, "step");
    expect(ofType(events, "evaluation")[0].seconds).toBeGreaterThan(0.99);
    expect(steps[4].seconds - steps[3].seconds).toBeLessThan(0.99);
  });

  it("truncates its log on resume, so that every step is there once", async () => {
    using output = temporaryFolder();
    const trackers = () => ({ trackers: [jsonlTracker(files, output.path)] });
    const run = train(await tinyConfig(output.path, {}, trackers()), context());
    for await (const event of run) if (event.type === "step" && event.step === 3) break;
    await run.result;
    await files.append(join(output.path, "log.jsonl"), '{"type":"step","step":99}\n'); // what a killed run may have left
    await train(await tinyConfig(output.path, {}, { ...trackers(), resume: true }), context()).result;
    const lines = readFileSync(join(output.path, "log.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as TrainEvent);
    expect(ofType(lines, "step").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("keeps what it says of a damaged checkpoint in the log", async () => {
    using output = temporaryFolder();
    const trackers = () => ({ trackers: [jsonlTracker(files, output.path)] });
    await train(await tinyConfig(output.path, { saveSteps: 3, keep: 2 }, trackers()), context()).result;
    writeFileSync(join(output.path, "checkpoint-9", "state.json"), "{");
    const events = await eventsOf(await tinyConfig(output.path, { saveSteps: 3, keep: 2 }, { ...trackers(), resume: true }));
    expect(ofType(events, "warning").map(({ message }) => message)).toEqual([expect.stringContaining("checkpoint-9 is damaged")]);
    const log = readFileSync(join(output.path, "log.jsonl"), "utf8");
    expect(log.split("checkpoint-9 is damaged")).toHaveLength(2);
  });

  it("does not fill a log up with zeros that is shorter than the checkpoint knew it", async () => {
    using output = temporaryFolder();
    await files.append(join(output.path, "log.jsonl"), "{}\n");
    await jsonlTracker(files, output.path).truncate!({ "log.jsonl": 100 });
    expect(readFileSync(join(output.path, "log.jsonl"), "utf8")).toBe("{}\n");
  });

  it("plans batches by length, for samplers that need it", async () => {
    using output = temporaryFolder();
    const sampler = tokenBudgetSampler(60);
    const steps = ofType(await eventsOf(await tinyConfig(output.path, { epochs: 1 }, { sampler })), "step");
    expect(steps.length).toBeGreaterThan(3); // batches of four would be three
    expect(Math.max(...steps.map(({ tokens }) => tokens))).toBeLessThanOrEqual(60);
  });

  it("measures texts as it plans, also where the number of steps does not depend on them", async () => {
    using output = temporaryFolder();
    const rows = tinyRows(200);
    const told: number[] = [];
    const config = await tinyConfig(output.path, {}, { sampler: lengthBucketedSampler(), rows });
    await planTraining(config, { signal, onMeasured: (texts) => told.push(texts) });
    expect(told).toEqual([256]);
  });

  it("names the row whose texts are more than the token budget", async () => {
    using output = temporaryFolder();
    const placeOf = (row: number): string => `pairs.jsonl:${row + 1}`;
    const config = await tinyConfig(output.path, {}, { sampler: tokenBudgetSampler(10), placeOf });
    await expect(train(config, context()).result).rejects.toMatchObject({ code: "E_OPTION", place: "pairs.jsonl:1" });
  });

  it("counts prompts in the lengths of a plan: those of the model, and a row's own", async () => {
    using output = temporaryFolder();
    const { model } = await tinyConfig(output.path);
    const prompted = new EmbeddingModel({ ...model.parts, prompts: { query: "who was it: ", document: "found: " } });
    const rows = tinyRows().map((row, i) => (i % 2 ? { ...row, prompt: "in which of the places was it that someone " } : row));
    const config = await tinyConfig(output.path, { epochs: 1 }, { sampler: tokenBudgetSampler(80), model: prompted, rows });
    const steps = ofType(await eventsOf(config), "step");
    expect(Math.max(...steps.map(({ tokens }) => tokens))).toBeLessThanOrEqual(80);
    expect(steps.length).toBeGreaterThan((await planTraining({ ...config, model }, { signal })).steps);
  });

  it("repeats the data until the last step where epochs are not given, at rates for these steps, and resumes exactly", async () => {
    using straight = temporaryFolder();
    using interrupted = temporaryFolder();
    const options = { maxSteps: 7, epochs: undefined };
    const events = await eventsOf(await tinyConfig(straight.path, options));
    expect(events[0]).toMatchObject({ type: "start", steps: 7, epochs: 3 });
    expect(ofType(events, "step").map(({ epoch }) => epoch)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    const rates = ofType(events, "step").map(({ learningRate }) => learningRate);
    expect(rates[6]).toBeCloseTo(1e-3 / 6, 9); // linear: the last of six steps after one of warm-up
    const run = train(await tinyConfig(interrupted.path, options), context());
    for await (const event of run) if (event.type === "step" && event.step === 4) break;
    await run.result;
    const other = await tinyConfig(interrupted.path, { ...options, maxSteps: 12 }, { resume: true });
    await expect(train(other, context()).result).rejects.toThrow(/E_RESUME.*another maxSteps.*expected 7, got 12/);
    await train(await tinyConfig(interrupted.path, { ...options, epochs: 3 }, { resume: true }), context()).result; // the same plan
    expect(bytesOf(interrupted.path, 7)).toEqual(bytesOf(straight.path, 7));
  });

  it("ends with epochs or steps, whichever comes first where both are given", async () => {
    using output = temporaryFolder();
    const stepsOf = async (options: object, config: TrainConfig) =>
      updatesOf(await planTraining({ ...config, options: { ...config.options, ...options } }, { signal }), {
        ...config.options,
        ...options,
      });
    const config = await tinyConfig(output.path);
    expect(await stepsOf({ epochs: 1, maxSteps: 100 }, config)).toBe(3);
    expect(await stepsOf({ epochs: 9, maxSteps: 5 }, config)).toBe(5);
    expect(await stepsOf({ epochs: undefined, maxSteps: 5, accumulation: 2 }, config)).toBe(5);
    expect(await stepsOf({ epochs: undefined }, config)).toBe(3);
  });

  it("warns when the loss does not look at the labels of the rows", async () => {
    using output = temporaryFolder();
    const rows = tinyRows().map((row, i) => ({ ...row, label: i % 2 }));
    const events = await eventsOf(await tinyConfig(output.path, { maxSteps: 1 }, { rows }));
    expect(ofType(events, "warning").map(({ message }) => message)).toEqual([
      expect.stringMatching(/^12 of 12 rows have a label .* infonce uses none/),
    ]);
  });

  it("reports a failing tracker once and goes on", async () => {
    using output = temporaryFolder();
    const broken = { name: "broken", onEvent: () => Promise.reject(new Error("disk is full")) };
    const events = await eventsOf(await tinyConfig(output.path, {}, { trackers: [broken] }));
    expect(ofType(events, "warning").map(({ message }) => message)).toEqual([
      "tracker broken failed and is left out from now on: disk is full",
    ]);
    expect(events.at(-1)!.type).toBe("end");
  });
});

describe("train says what is wrong", () => {
  it("when there is nothing to resume", async () => {
    using output = temporaryFolder();
    await expect(train(await tinyConfig(output.path, {}, { resume: true }), context()).result).rejects.toMatchObject({ code: "E_RESUME" });
  });

  it("when the data or a setting is another one on resume", async () => {
    using output = temporaryFolder();
    await train(await tinyConfig(output.path), context()).result;
    await expect(train(await tinyConfig(output.path, {}, { resume: true, rows: tinyRows(8) }), context()).result).rejects.toThrow(
      /E_RESUME.*12 rows then, 8 now/,
    );
    await expect(train(await tinyConfig(output.path, { batchSize: 6 }, { resume: true }), context()).result).rejects.toThrow(
      /E_RESUME.*another batchSize.*expected 4, got 6/,
    );
  });

  it("when the output is in use", async () => {
    using output = temporaryFolder();
    const [one, other] = [await tinyConfig(output.path), await tinyConfig(output.path)];
    const first = train(one, context());
    for await (const { type } of first) {
      if (type !== "start") continue;
      await expect(train(other, context()).result).rejects.toMatchObject({ code: "E_LOCKED" });
      break;
    }
    await first.result;
  });

  it("when steps are not finite: each is named and skipped, three in a row end the run", async () => {
    using output = temporaryFolder();
    const explode: Loss = { name: "explode", needs: [], compute: ({ anchor }) => scale(sum(anchor), Number.NaN) };
    const events: TrainEvent[] = [];
    const run = train(await tinyConfig(output.path, {}, { loss: explode }), context());
    await expect(
      (async () => {
        for await (const event of run) events.push(event);
      })(),
    ).rejects.toMatchObject({ code: "E_DIVERGED", place: "step 3" });
    expect(ofType(events, "warning").map(({ message }) => message)).toEqual(
      [1, 2, 3].map((step) => `step ${step} was skipped: its loss is not finite`),
    );
    expect(ofType(events, "step").every(({ applied }) => !applied)).toBe(true);
  });
});
