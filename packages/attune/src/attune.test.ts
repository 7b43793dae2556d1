// attune from code, as a program uses it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainEvent } from "@attune/train";
import { expect, test } from "vitest";
import { attune as commandLine, folderWith, golden, rows, tinyModel } from "../test/cli.ts";
import { createAttune, defineConfig } from "./index.ts";

test("a model gives one vector per text", async () => {
  await using attune = createAttune({ device: "typescript" });
  using model = await attune.model(tinyModel);
  const [a, b] = await model.encode(["how do I reset it", "Restoring factory settings"]);
  expect([a.length, b.length, model.dimension]).toEqual([32, 32, 32]);
  await expect(model.encode("Restoring factory settings" as never)).rejects.toMatchObject({ code: "E_TEXT" });
  await expect(model.encode([["a", "b"]] as never)).rejects.toMatchObject({ code: "E_TEXT" });
  expect((await model.encode(["Restoring factory settings"]))[0].every((value, i) => Math.abs(value - b[i]) < 1e-6)).toBe(true);
});

test("a training tells what happens, changes the model that it was given, and saves it", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using attune = createAttune({ device: "typescript" });
  using model = await attune.model(tinyModel);
  const [before] = await model.encode(["red sun"]);
  const run = attune.train({
    model,
    data: join(folder, "rows.jsonl"),
    output: join(folder, "out"),
    loss: ["infonce", { temperature: 0.05 }],
    batchSize: 4,
    learningRate: 1e-3,
  });
  const events: TrainEvent["type"][] = [];
  for await (const event of run) events.push(event.type);
  expect(events).toEqual(["start", "step", "step", "step", "checkpoint", "end"]);
  expect(await run.result).toMatchObject({ status: "done", steps: 3, savedDifference: 0, output: join(folder, "out") });
  const [after] = await model.encode(["red sun"]);
  expect(after).not.toEqual(before);
  using saved = await attune.model(join(folder, "out"));
  expect((await saved.encode(["red sun"]))[0]).toEqual(after);
});

test("leaving the iteration stops with a checkpoint", async () => {
  const folder = folderWith({ "rows.jsonl": rows(24) });
  await using attune = createAttune({ device: "typescript" });
  const run = attune.train({ model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, "out"), batchSize: 2, epochs: 9 });
  for await (const event of run) if (event.type === "step") break;
  const { status, steps, checkpoint } = await run.result;
  expect(status).toBe("stopped");
  expect(steps).toBeLessThan(108);
  expect(existsSync(checkpoint!)).toBe(true);
});

test("errors come from the result and from the iteration", async () => {
  await using attune = createAttune({ device: "typescript" });
  const request = { model: "no-such-folder", data: "none.jsonl", output: "never-made" };
  const run = attune.train(request);
  await expect(run.result).rejects.toMatchObject({ code: "E_NO_FILE" });
  await expect(
    (async () => {
      for await (const _ of run) expect.unreachable();
    })(),
  ).rejects.toMatchObject({ code: "E_NO_FILE" });
  await expect(attune.train({ ...request, batchSize: 0 }).result).rejects.toMatchObject({ code: "E_OPTION" });
  await expect(attune.train({ ...request, loss: "nearest" }).result).rejects.toMatchObject({ code: "E_UNKNOWN_PLUGIN" });
  await expect(attune.train({ ...request, model: { dimension: 1 } as never }).result).rejects.toMatchObject({ code: "E_OPTION" });
  expect(existsSync("never-made")).toBe(false);
});

test("what a person should know goes to the log", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
  await using attune = createAttune({ device: "typescript", log });
  await attune.train({ model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, "out"), report: false }).result;
  expect(warnings).toEqual([expect.stringMatching(/there is one step, .* nothing is learnt/)]);
});

test("a named model with heads of its own is trained and freed once", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using attune = createAttune({ device: "typescript" });
  const run = attune.train({
    model: join(golden, "st/bert-dense-new"),
    data: join(folder, "rows.jsonl"),
    output: join(folder, "out"),
    batchSize: 4,
  });
  expect(await run.result).toMatchObject({ status: "done", steps: 3 });
});

test("a model that was disposed says so, and writes nothing over a good folder", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using attune = createAttune({ device: "typescript" });
  const model = await attune.model(join(golden, "st/bert-dense-new"));
  await model.save(join(folder, "m"));
  model[Symbol.dispose]();
  model[Symbol.dispose]();
  const closed = { code: "E_CLOSED", problem: "was disposed" };
  await expect(model.encode(["a"])).rejects.toMatchObject(closed);
  await expect(model.save(join(folder, "m"))).rejects.toMatchObject(closed);
  const request = { model, data: join(folder, "rows.jsonl"), output: join(folder, "out") };
  await expect(attune.train(request).result).rejects.toMatchObject(closed);
  expect(existsSync(request.output)).toBe(false);
  using saved = await attune.model(join(folder, "m"));
  expect(await saved.encode(["a"])).toHaveLength(1);
});

test("a model is trained by one training at a time, and not saved meanwhile", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using attune = createAttune({ device: "typescript" });
  using model = await attune.model(tinyModel);
  const request = { model, data: join(folder, "rows.jsonl"), batchSize: 4, report: false } as const;
  const run = attune.train({ ...request, output: join(folder, "a") });
  const busy = { code: "E_BUSY", problem: "the model is being trained" };
  await expect(attune.train({ ...request, output: join(folder, "b") }).result).rejects.toMatchObject(busy);
  await expect(model.save(join(folder, "c"))).rejects.toMatchObject(busy);
  await run.result;
  await expect(attune.train({ ...request, output: join(folder, "b"), loss: "nearest" }).result).rejects.toMatchObject({
    code: "E_UNKNOWN_PLUGIN",
  });
  await attune.train({ ...request, output: join(folder, "b") }).result;
  const weightsOf = (name: string): unknown =>
    (JSON.parse(readFileSync(join(folder, name, "attune.json"), "utf8")) as { record: { weights: unknown } }).record.weights;
  expect(weightsOf("a")).toHaveProperty(["model.safetensors"]);
  expect(weightsOf("b")).toEqual({ "in memory": expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test("the precision of a training is not that of another model, nor of its own model afterwards", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await using attune = createAttune({ device: "typescript" });
  const [other, given] = await Promise.all([attune.model(tinyModel), attune.model(tinyModel)]);
  const [before] = await other.encode(["red sun"]);
  const asked = {
    data: join(folder, "rows.jsonl"),
    batchSize: 4,
    learningRate: 1e-12,
    weightDecay: 0,
    precision: "bf16",
    report: false,
  } as const;
  const run = attune.train({ ...asked, model: given, output: join(folder, "out") });
  for await (const event of run) {
    if (event.type !== "step") continue;
    expect(await other.encode(["red sun"])).toEqual([before]);
    const [meanwhile] = await given.encode(["red sun"]);
    expect(Math.max(...meanwhile.map((value, i) => Math.abs(value - before[i])))).toBeLessThan(1e-6);
  }
  await run.result;
  const [after] = await given.encode(["red sun"]);
  expect(Math.max(...after.map((value, i) => Math.abs(value - before[i])))).toBeLessThan(1e-6); // bf16 is a thousand times as far
});

test("a model that is loaded already is not loaded in another way", async () => {
  await using attune = createAttune({ device: "typescript" });
  using model = await attune.model(tinyModel);
  const request = { model, data: "none.jsonl", output: "never-made" };
  await expect(attune.train({ ...request, maxLength: 8 }).result).rejects.toMatchObject({ code: "E_OPTION", place: "maxLength" });
  await expect(attune.train({ ...request, tokenCache: "t" }).result).rejects.toMatchObject({ code: "E_OPTION", place: "tokenCache" });
});

test("a training has no device of its own", async () => {
  await using attune = createAttune({ device: "typescript" });
  const request = { model: tinyModel, data: "none.jsonl", output: "never-made" };
  for (const option of ["device", "threads", "plugins"]) {
    const run = attune.train({ ...request, [option]: 1 });
    await expect(run.result).rejects.toMatchObject({ code: "E_OPTION", sentence: expect.stringContaining(option) as string });
  }
});

test("a device that cannot be opened is said once, not again when everything is disposed", async () => {
  const attune = createAttune({ device: "abacus" });
  await expect(attune.model(tinyModel)).rejects.toMatchObject({ code: "E_UNKNOWN_PLUGIN" });
  await expect(attune[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test("attune.json names the modules of plugins, so that the command line repeats a training from code", async () => {
  const losses = new URL("../../losses/src/index.ts", import.meta.url).href;
  const folder = folderWith({
    "rows.jsonl": rows(4),
    "mine.ts": `import { infonce } from ${JSON.stringify(losses)}; export default { ...infonce, name: "mine" };`,
  });
  const plugin = join(folder, "mine.ts");
  await using attune = createAttune({ device: "typescript", plugins: [plugin] });
  const paths = { model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, "out") };
  await attune.train({ ...paths, loss: "mine", report: false }).result;
  expect(JSON.parse(readFileSync(join(folder, "out", "attune.json"), "utf8"))).toMatchObject({ plugins: [plugin] });
  const again = ["train", "--config", join(folder, "out", "attune.json"), "--output", join(folder, "again")];
  expect(await commandLine(again)).toMatchObject({ status: 0 });
});

test("what is no plugin is refused when it is given", async () => {
  const mine = (): object => ({});
  for (const [given, said] of [
    [mine, "the function mine"],
    [{ name: "mine" }, '{"name":"mine"}'],
  ] as const) {
    await using attune = createAttune({ device: "typescript", plugins: [given as never] });
    await expect(attune.model(tinyModel)).rejects.toMatchObject({ code: "E_PLUGIN", got: said });
  }
});

test("a configuration is typed and unchanged", () => {
  const config = { model: "m", loss: ["infonce", { temperature: 0.05 }], batchSize: 8 } as const;
  expect(defineConfig({ ...config, loss: ["infonce", { temperature: 0.05 }] })).toEqual(config);
});
