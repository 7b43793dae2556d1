// `attune train` from end to end on a tiny model.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel, type Outcome } from "../../test/cli.ts";

const base = ["--model", tinyModel, "--device", "typescript", "--batch-size", "4", "--learning-rate", "1e-3"];

const train = (folder: string, output: string, ...more: string[]): Promise<Outcome> =>
  attune(["train", ...base, "--data", join(folder, "rows.jsonl"), "--output", join(folder, output), ...more]);

const bytes = (...path: string[]): string => readFileSync(join(...path)).toString("base64");
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8")) as Record<string, unknown>;

test("stdout is one object with figures, scores and what was resolved; the folder holds model, record and log", async () => {
  const folder = folderWith({ "rows.jsonl": rows(16) });
  const { status, stdout, stderr } = await train(
    folder,
    "out",
    "--hold-out",
    "0.25",
    "--eval-steps",
    "2",
    "--temperature",
    "0.05",
    "--json",
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(result).toMatchObject({
    status: "done",
    steps: 3,
    precision: "fp32",
    backend: { name: "typescript" },
    output: join(folder, "out"),
    savedDifference: 0,
  });
  for (const key of ["tokensPerSecond", "peakRssBytes", "seconds", "finalLoss"]) expect(result[key], key).toBeGreaterThan(0);
  for (const moment of ["before", "after"]) expect(result.metrics).toHaveProperty([moment, "ndcg@10"], expect.any(Number));
  expect(stdout.endsWith("}\n") && stdout.indexOf("\n") === stdout.length - 1).toBe(true);
  for (const said of [
    /data {6}.*16 rows.*4 held out/,
    /baseline {2}nDCG@10/,
    /step 3\/3/,
    /eval {6}step 2/,
    /saved/,
    /result {4}nDCG@10 \d.*->/,
  ])
    expect(stderr).toMatch(said);
  const record = json(folder, "out", "attune.json");
  expect(record).toMatchObject({
    loss: ["infonce", { temperature: 0.05, similarity: "cosine" }],
    batchSize: 4,
    holdOut: 0.25,
    maxLength: 24,
    precision: "fp32",
  });
  expect(record.record).toMatchObject({
    backend: { name: "typescript" },
    data: { rows: 16, bad: 0 },
    weights: { "model.safetensors": expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const events = readFileSync(join(folder, "out", "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect(events.filter((type) => type === "step")).toHaveLength(3);
  expect(events.at(-1)).toBe("end");
});

test("attune.json repeats the run, to the byte; flags win over it", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  await train(folder, "out", "--positives", "each", "--seed", "3");
  const config = ["--config", join(folder, "out", "attune.json")];
  expect(await attune(["train", ...config, "--output", join(folder, "again")])).toMatchObject({ status: 0 });
  expect(bytes(folder, "again", "model.safetensors")).toBe(bytes(folder, "out", "model.safetensors"));
  await attune(["train", ...config, "--output", join(folder, "other"), "--seed", "4"]);
  expect(bytes(folder, "other", "model.safetensors")).not.toBe(bytes(folder, "out", "model.safetensors"));
  writeFileSync(join(folder, "rows.jsonl"), rows(11));
  expect((await attune(["train", ...config, "--output", join(folder, "changed")])).stderr).toContain("the data is not the recorded one");
});

test("configurations in YAML and TypeScript", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  writeFileSync(
    join(folder, "c.yaml"),
    `model: ${tinyModel}\ndata: ${join(folder, "rows.jsonl")}\nloss: [infonce, { temperature: 0.5 }]\ndevice: typescript\nmaxSteps: 1\n`,
  );
  writeFileSync(
    join(folder, "c.config.ts"),
    `export default { model: ${JSON.stringify(tinyModel)}, data: ${JSON.stringify(join(folder, "rows.jsonl"))}, loss: ["infonce", { temperature: 0.5 }], device: "typescript", maxSteps: 1 };`,
  );
  for (const name of ["c.yaml", "c.config.ts"])
    expect(await attune(["train", "--config", join(folder, name), "--output", join(folder, name, "..", `out-${name}`)])).toMatchObject({
      status: 0,
    });
  expect(json(folder, "out-c.yaml", "attune.json").loss).toMatchObject(["infonce", { temperature: 0.5 }]);
  expect(bytes(folder, "out-c.yaml", "model.safetensors")).toBe(bytes(folder, "out-c.config.ts", "model.safetensors"));
});

test.each([
  ["[a.jsonl, { path: b.jsonl, weigth: 2 }]", 'c.yaml "data.1" has no option "weigth".\n  Hint: did you mean "weight"?'],
  ["[{ path: b.jsonl, weight: -2 }]", 'c.yaml "data.0.weight" expected number to be >0: got -2.'],
  ["[{ weight: 2 }]", 'c.yaml "data.0.path" is missing.'],
  ["7", 'c.yaml "data" expected string or array: got 7.'],
])("what is wrong inside of the data sets of a configuration is named: %s", async (data, says) => {
  const folder = folderWith({ "c.yaml": `data: ${data}\n` });
  const outcome = await attune(["train", ...base, "--output", join(folder, "out"), "--config", join(folder, "c.yaml")]);
  expect(outcome).toMatchObject({ status: 2, stderr: expect.stringContaining(says) });
});

test("one configuration file is read, not the last of several", async () => {
  expect(await attune(["train", "--config", "a.json", "--config", "b.json"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("error E_OPTION  --config is given twice"),
  });
});

test("an interrupted training says how to go on, ends with 130, and goes on to the same bytes", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12) });
  const more = ["--epochs", "3", "--save-steps", "2"];
  await train(folder, "whole", ...more);
  const controller = new AbortController();
  const running = attune(["train", ...base, "--data", join(folder, "rows.jsonl"), "--output", join(folder, "cut"), ...more], {
    signal: controller.signal,
  });
  while (!existsSync(join(folder, "cut", "checkpoint-2"))) await new Promise((resolve) => setTimeout(resolve, 2));
  controller.abort();
  const stopped = await running;
  expect(stopped).toMatchObject({ status: 130, stdout: "" });
  expect(stopped.stderr).toMatch(/stopped {3}after step \d+ of 9; .*checkpoint-\d+\n {2}next {6}attune train --output .* --resume/);
  expect(existsSync(join(folder, "cut", "model.safetensors"))).toBe(false);
  const resumed = await attune(["train", "--output", join(folder, "cut"), "--resume"]);
  expect(resumed.stderr).toMatch(/resume {4}from step \d+/);
  expect(resumed.status).toBe(0);
  for (const name of ["model.safetensors", "checkpoint-9/optimizer.safetensors"])
    expect(bytes(folder, "cut", name), name).toBe(bytes(folder, "whole", name));
});

test("--resume without a model takes the settings of the folder, with flags winning; a folder without a training is named", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  await train(folder, "out");
  const out = join(folder, "out");
  rmSync(join(out, "model.safetensors"));
  expect((await attune(["train", "--output", out, "--resume"])).stderr).toContain("all 2 steps are done already");
  const other = await attune(["train", "--output", out, "--resume", "--batch-size", "2"]);
  expect(other.stderr).toMatch(/error E_RESUME .* was made with another --batch-size: expected 4, got 2/);
  const nothing = await attune(["train", "--output", join(folder, "none"), "--resume"]);
  expect(nothing.stderr).toMatch(/error E_RESUME .*none holds no training to resume/);
});

test("a finished training that is resumed says so and saves again; other settings are refused and change nothing", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  await train(folder, "out");
  const model = bytes(folder, "out", "model.safetensors");
  rmSync(join(folder, "out", "model.safetensors"));
  const again = await train(folder, "out", "--resume");
  expect(again.stderr).toContain("all 2 steps are done already");
  expect(bytes(folder, "out", "model.safetensors")).toBe(model);
  const record = bytes(folder, "out", "attune.json");
  const other = await train(folder, "out", "--resume", "--learning-rate=0.5");
  expect(other.status).toBe(2);
  const different = await attune([
    "train",
    "--model",
    tinyModel,
    "--device",
    "typescript",
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    join(folder, "out"),
    "--resume",
  ]);
  expect(different.stderr).toMatch(/error E_RESUME .*checkpoint-2 was made with another --batch-size: expected 4, got 32/);
  expect(bytes(folder, "out", "attune.json")).toBe(record);
});

test("a resume notices a base model that reads texts in another way", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const model = join(folder, "model");
  cpSync(tinyModel, model, { recursive: true });
  const run = (...more: string[]) => attune(["train", "--model", model, ...base.slice(2), "--data", join(folder, "rows.jsonl"), ...more]);
  await run("--output", join(folder, "out"));
  const settings = json(model, "config_sentence_transformers.json");
  writeFileSync(join(model, "config_sentence_transformers.json"), JSON.stringify({ ...settings, prompts: { query: "q: " } }));
  const resumed = await run("--output", join(folder, "out"), "--resume");
  expect(resumed).toMatchObject({ status: 1, stderr: expect.stringMatching(/E_RESUME .*was made with another --model/) });
});

test("a training that was killed before its first checkpoint starts again with --resume", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  mkdirSync(join(folder, "out"));
  writeFileSync(join(folder, "out", "attune.json"), '{"record":{}}');
  writeFileSync(join(folder, "out", "log.jsonl"), '{"type":"start","of":"a start that came to nothing"}\n');
  writeFileSync(join(folder, "out", "notes.txt"), "mine");
  expect(await train(folder, "out", "--resume")).toMatchObject({ status: 0 });
  expect(readFileSync(join(folder, "out", "log.jsonl"), "utf8")).not.toContain("came to nothing");
  expect(readFileSync(join(folder, "out", "notes.txt"), "utf8")).toBe("mine");
});

test("--overwrite starts again in a folder that attune made", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  await train(folder, "out", "--epochs", "2");
  writeFileSync(join(folder, "out", "notes.txt"), "mine");
  writeFileSync(join(folder, "out", "model-00001-of-00002.safetensors"), "of a larger model");
  expect(await train(folder, "out")).toMatchObject({ status: 1, stderr: expect.stringContaining("error E_OUTPUT") });
  expect(await train(folder, "out", "--overwrite")).toMatchObject({ status: 0 });
  expect(readdirSync(join(folder, "out"))).toContain("checkpoint-2");
  for (const old of ["checkpoint-4", "model-00001-of-00002.safetensors"]) expect(readdirSync(join(folder, "out"))).not.toContain(old);
  expect(readFileSync(join(folder, "out", "notes.txt"), "utf8")).toBe("mine");

  const project = folderWith({ "rows.jsonl": rows(8), "attune.json": '{"batchSize":4}' }); // a configuration, not a record
  expect(await train(project, ".", "--overwrite")).toMatchObject({ status: 1, stderr: expect.stringContaining("was not made by attune") });
  expect(readdirSync(project).sort()).toEqual(["attune.json", "rows.jsonl"]);
});

test("what is read is not overwritten, a finished model not trained anew by --resume, another tool's folder not touched", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  await train(folder, "out");
  const out = join(folder, "out");
  const model = bytes(out, "model.safetensors");
  const itself = await attune([
    "train",
    "--model",
    out,
    ...base.slice(2),
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    out,
    "--overwrite",
  ]);
  expect(itself).toMatchObject({ status: 1, stderr: expect.stringMatching(/error E_OUTPUT .*out cannot be overwritten: .*out is read/) });
  mkdirSync(join(out, "data"));
  writeFileSync(join(out, "data", "rows.jsonl"), rows(8));
  const inside = await attune(["train", ...base, "--data", join(out, "data", "rows.jsonl"), "--output", out, "--overwrite"]);
  expect(inside).toMatchObject({ status: 1, stderr: expect.stringMatching(/cannot be overwritten: .*rows\.jsonl is read/) });
  const byPattern = ["--data", join(folder, "o?t", "data", "*.jsonl"), "--output", out, "--overwrite"];
  expect((await attune(["train", ...base, ...byPattern])).stderr).toMatch(/cannot be overwritten: .*rows\.jsonl is read/);
  const passages = join(out, "passages.txt");
  writeFileSync(passages, readFileSync(join(folder, "rows.jsonl"), "utf8").replaceAll(/.*"pos":\["([^"]*)"\].*/g, "$1"));
  const evalData = [{ path: join(folder, "rows.jsonl"), evaluator: ["retrieval", { corpus: passages }] }];
  writeFileSync(join(folder, "c.json"), JSON.stringify({ evalData }));
  const beside = await train(folder, "out", "--overwrite", "--config", join(folder, "c.json"));
  expect(beside).toMatchObject({ status: 1, stderr: expect.stringMatching(/cannot be overwritten: .*passages\.txt is read/) });
  rmSync(join(out, "checkpoint-2"), { recursive: true });
  expect(await train(folder, "out", "--resume")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/E_RESUME .*holds a finished model and no checkpoint/),
  });
  expect(bytes(out, "model.safetensors")).toBe(model);

  const other = join(folder, "other");
  mkdirSync(join(other, "checkpoint-500"), { recursive: true });
  writeFileSync(join(other, "checkpoint-500", "trainer_state.json"), "{}");
  expect((await train(folder, "other", "--overwrite")).stderr).toMatch(/E_OUTPUT .*was not made by attune/);
  expect((await train(folder, "other", "--resume")).stderr).toMatch(/E_RESUME .*holds no training to resume/);
  expect((await train(folder, "other")).stderr).toMatch(/other exists and is not empty\.\n {2}Hint: give another --output/);
  expect(readdirSync(other)).toEqual(["checkpoint-500"]);
});

test("a BEIR folder is measured on its test split, and on its dev split while it trains", async () => {
  const folder = folderWith({
    "corpus.jsonl": ["red sun", "blue moon", "old tree", "wet road"]
      .map((text, i) => `${JSON.stringify({ _id: `d${i}`, title: "", text })}\n`)
      .join(""),
    "queries.jsonl": ["sun", "moon", "tree", "road"].map((text, i) => `${JSON.stringify({ _id: `q${i}`, text })}\n`).join(""),
  });
  mkdirSync(join(folder, "qrels"));
  for (const [split, ids] of Object.entries({ train: [0, 1], dev: [2], test: [3] }))
    writeFileSync(join(folder, "qrels", `${split}.tsv`), `query-id\tcorpus-id\tscore\n${ids.map((i) => `q${i}\td${i}\t1\n`).join("")}`);
  const run = (...more: string[]) =>
    attune([
      "train",
      "--model",
      tinyModel,
      "--device",
      "typescript",
      "--data",
      folder,
      "--batch-size",
      "1",
      "--output",
      join(folder, "out"),
      "--overwrite",
      "--json",
      ...more,
    ]);
  const measured = await run("--eval-steps", "1", "--eval-k", "1,3");
  expect(measured.stderr).toMatch(/eval {6}.*, split test\n.*split dev/);
  expect(Object.keys((JSON.parse(measured.stdout) as { metrics: { after: object } }).metrics.after)).toContain("ndcg@3");
  const silent = await run("--no-eval");
  expect(JSON.parse(silent.stdout)).toMatchObject({ metrics: { before: {}, after: {} } });
  expect(silent.stderr).not.toMatch(/baseline|result/);
  expect(await run("--no-eval", "--eval-steps", "1")).toMatchObject({ status: 2 });
  writeFileSync(join(folder, "qrels", "dev.tsv"), "no judgement\n"); // which is not read where nothing is measured on it
  expect((await run("--eval-steps", "1")).stderr).toContain("dev.tsv:1");
  expect((await run()).status).toBe(0);
});

test("a folder of evaluation data may have a dev split alone", async () => {
  const folder = folderWith({
    "rows.jsonl": rows(8),
    "corpus.jsonl": ["red sun", "blue moon"].map((text, i) => `${JSON.stringify({ _id: `d${i}`, text })}\n`).join(""),
    "queries.jsonl": `${JSON.stringify({ _id: "q", text: "sun" })}\n`,
  });
  mkdirSync(join(folder, "qrels"));
  writeFileSync(join(folder, "qrels", "dev.tsv"), "query-id\tcorpus-id\tscore\nq\td0\t1\n");
  const { status, stderr } = await train(folder, "out", "--eval-data", folder, "--eval-steps", "1");
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toMatch(/eval {6}step 1/);
  expect(stderr).toMatch(/result {4}nDCG@10 \d.*->/);
});

test("a loss from a module of the user's", async () => {
  const losses = new URL("../../../losses/src/index.ts", import.meta.url).href;
  const folder = folderWith({
    "rows.jsonl": rows(4),
    "halved.ts": `import { infonce } from ${JSON.stringify(losses)}; export default { ...infonce, name: "mine", summary: "one of my own" };`,
  });
  const plugin = join(folder, "halved.ts");
  expect(await train(folder, "out", "--plugin", plugin, "--loss", "mine", "--loss.temperature", "0.1")).toMatchObject({ status: 0 });
  expect(json(folder, "out", "attune.json")).toMatchObject({ loss: ["mine", { temperature: 0.1 }], plugins: [plugin] });
  expect(await attune(["train", "--config", join(folder, "out", "attune.json"), "--output", join(folder, "again")])).toMatchObject({
    status: 0,
  });
  expect((await attune(["train", "--help", "--plugin", plugin])).stdout).toContain("one of my own");
  const relativePath = `./${relative(process.cwd(), plugin)}`;
  const twice = ["--plugin", relativePath, "--plugin", plugin];
  expect(await attune(["train", "--output", join(folder, "out"), "--resume", ...twice])).toMatchObject({ status: 0 });
  expect(await train(folder, "third", "--plugin", relativePath, "--loss", "mine")).toMatchObject({ status: 0 });
  for (const output of ["out", "third"]) expect(json(folder, output, "attune.json").plugins).toEqual([plugin]);
});

test("Ctrl-C while the saved model is measured says how to go on, and that comes to the end", async () => {
  const folder = folderWith({
    "rows.jsonl": rows(8),
    "told.mjs": `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
    export default {
      kind: "evaluator", name: "told", summary: "tells the test", options: z.object({ data: z.string() }),
      create: async () => ({ name: "told", metrics: ["score"], primary: "score", evaluate: async () => ({ score: 1 }),
        evaluateQueries: async (_, signal) => { globalThis.measuring(); signal?.throwIfAborted(); return { metrics: { score: 1 } }; } }),
    };`,
  });
  const controller = new AbortController();
  let calls = 0;
  (globalThis as { measuring?: () => void }).measuring = () => void (++calls === 2 && controller.abort());
  const words = ["--plugin", join(folder, "told.mjs"), "--eval-data", `told:${join(folder, "rows.jsonl")}`];
  const output = join(folder, "out");
  const stopped = await attune(["train", ...base, "--data", join(folder, "rows.jsonl"), "--output", output, ...words], {
    signal: controller.signal,
  });
  expect(stopped).toMatchObject({ status: 130, stdout: "" });
  expect(stopped.stderr).toMatch(
    /stopped {3}after the last step; the model is saved.*\n {2}next {6}attune train --output .*out --resume\n$/,
  );
  const resumed = await attune(["train", "--output", output, "--resume"]);
  expect({ status: resumed.status, calls }).toEqual({ status: 0, calls: 3 });
  expect(resumed.stderr).toMatch(/result {4}score 1\.000 -> 1\.000/);
});

test("bf16 is computed where it is asked for, said and recorded; what auto takes is said, too", async () => {
  const folder = folderWith({ "rows.jsonl": rows(16) });
  const told = async (output: string, ...more: string[]) => {
    const { status, stdout, stderr } = await train(folder, output, "--no-eval", "--max-steps", "2", "--json", ...more);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const { precision, finalLoss } = JSON.parse(stdout) as { precision: string; finalLoss: number };
    expect(json(folder, output, "attune.json")).toMatchObject({ precision });
    expect(stderr).toMatch(new RegExp(`plan {6}${precision} · batch 4`));
    return { precision, finalLoss };
  };
  const single = await told("auto");
  const narrow = await told("narrow", "--precision", "bf16");
  expect([single.precision, narrow.precision]).toEqual(["fp32", "bf16"]);
  expect(narrow.finalLoss).not.toBe(single.finalLoss);
  expect(Math.abs(narrow.finalLoss / single.finalLoss - 1)).toBeLessThan(0.03); // a tiny model, trained at a high rate
});
