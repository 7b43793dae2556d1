import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "garden", "window", "river", "clock"];
const pairs = things.flatMap((thing) =>
  ["road", "tree"].map((place) => ({ query: `is the ${thing} by the ${place}?`, pos: [`${thing} near ${place}`] })),
);
const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const lines = (path: string): Record<string, string & string[]>[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string & string[]>);

function workplace(model = tinyModel) {
  const folder = folderWith({ "pairs.jsonl": jsonl(pairs), "more.txt": "the moon\nthe sun\n" });
  const output = join(folder, "out");
  const words = ["--model", model, "--data", join(folder, "pairs.jsonl"), "--output", output, "--device", "typescript"];
  const numbers = ["--hold-out", "0.25", "--epochs", "2", "--batch-size", "5", "--learning-rate", "1e-3", "--negatives", "2", "--k", "3"];
  const pipeline = (more: readonly string[] = [], signal?: AbortSignal) => {
    const kept = more.includes("--epochs") ? numbers.toSpliced(numbers.indexOf("--epochs"), 2) : numbers;
    const margin = more.includes("--relative-margin") ? [] : ["--relative-margin", "0"];
    return attune(["pipeline", ...words, ...margin, ...kept, ...more], signal && { signal });
  };
  return { folder, output, pipeline };
}

test("from pairs to a compared model; nothing that is measured on is trained on or mined; a second call does nothing again", async () => {
  const { folder, output, pipeline } = workplace();
  const first = await pipeline(["--corpus", join(folder, "more.txt"), "--json"]);
  expect(first.stderr).not.toContain("error");
  const result = JSON.parse(first.stdout) as {
    readonly stages: object;
    readonly gain: { readonly mean: number };
    readonly base: Record<string, number>;
    readonly tuned: Record<string, number>;
  };
  expect(result).toMatchObject({ status: "done", queries: 5, primary: "ndcg@3", model: join(output, "model") });
  expect(Object.keys(result.stages)).toEqual(["inspect", "baseline", "mine", "train", "evaluate", "report"]);
  expect(result.gain.mean).toBeCloseTo(result.tuned["ndcg@3"] - result.base["ndcg@3"], 12);

  const heldOut = lines(join(output, "split/test.jsonl"));
  const mined = lines(join(output, "mined.jsonl"));
  expect([heldOut.length, mined.length]).toEqual([5, 15]);
  const measured = new Set(heldOut.flatMap(({ query, pos }) => [query, ...pos]));
  const used = mined.flatMap(({ query, pos, neg }) => [query, ...pos, ...neg]);
  expect(mined.some(({ neg }) => neg.length === 2)).toBe(true);
  expect(used.filter((text) => measured.has(text))).toEqual([]);
  for (const name of ["inspect.json", "baseline.json", "evaluation.json", "report.html", "model/model.safetensors"])
    expect(existsSync(join(output, name))).toBe(true);

  const page = readFileSync(join(output, "report.html"), "utf8");
  for (const part of ["comparison", "training", "negatives", "margins", "settings"])
    expect(page.includes(`<section id="${part}">`), part).toBe(true);

  const again = await pipeline(["--corpus", join(folder, "more.txt")]);
  expect(again.stderr.match(/done before/g)).toHaveLength(5);
  expect(again.stdout).toMatch(/base +tuned +gain\n {2}nDCG@3/);
  expect(again.stdout).toMatch(/p-value/);

  expect(await pipeline(["--corpus", join(folder, "more.txt"), "--skip", "mine"])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("E_RESUME  --skip mine is not that of the pipeline in"),
  });
  expect(await pipeline()).toMatchObject({ status: 1, stderr: expect.stringContaining("E_RESUME  --corpus is not that of") });
  writeFileSync(join(folder, "pairs.jsonl"), jsonl(pairs.slice(1)));
  expect(await pipeline(["--corpus", join(folder, "more.txt")])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("has other rows than when"),
  });
  writeFileSync(join(folder, "pairs.jsonl"), jsonl(pairs));
  writeFileSync(join(folder, "more.txt"), "the moon\nthe stars\n");
  expect(await pipeline(["--corpus", join(folder, "more.txt")])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/more\.txt has other texts than when/),
  });
  expect((await pipeline(["--overwrite", "--skip", "train,inspect"])).status).toBe(0);
  expect(existsSync(join(output, "model"))).toBe(false);
});

test("stages can be left out; without a baseline the tuned model stands alone", async () => {
  const { pipeline, output } = workplace();
  const done = await pipeline(["--skip", "inspect,mine,baseline"]);
  expect(done).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/inspect {3}skipped\n {2}baseline {2}skipped\n {2}mine {6}skipped/),
  });
  expect(done.stdout).toMatch(/nDCG/);
  expect(done.stdout).not.toMatch(/gain/);
  const state = JSON.parse(readFileSync(join(output, "pipeline.json"), "utf8")) as { stages: Record<string, unknown> };
  writeFileSync(join(output, "pipeline.json"), JSON.stringify({ ...state, stages: {} })); // killed after the training, before it was noted
  const again = await pipeline(["--skip", "inspect,mine,baseline"]);
  expect(again.stderr).toContain("all 6 steps are done already");
  expect(again.stdout).toBe(done.stdout);
});

test("Ctrl-C ends it with a checkpoint, and the same command goes on to what it would have come to", async () => {
  const [stopped, whole] = [workplace(), workplace()];
  const words = ["--skip", "inspect,baseline", "--epochs", "8"];
  const stopping = new AbortController();
  const log = join(stopped.output, "model/log.jsonl");
  const watch = setInterval(() => existsSync(log) && stopping.abort(new DOMException("", "AbortError")), 1);
  const first = await stopped.pipeline(words, stopping.signal);
  clearInterval(watch);
  expect(first).toMatchObject({ status: 130, stderr: expect.stringContaining("stopped   the same command goes on from here") });
  const second = await stopped.pipeline(words);
  expect(second.stderr).toMatch(/mine {6}done before/);
  expect(second.stderr).toMatch(/resume {4}from step \d+/);
  expect(second.stdout).toBe((await whole.pipeline(words)).stdout);
});

test.each([
  { rows: '{"sentence1":"a","sentence2":"b","label":1}\n', says: "E_OPTION  --data", also: "pairs with scores or labels" },
  { rows: '{"query":"a","pos":["b"]}\n', says: "E_HOLD_OUT", also: "leaves nothing to train on" },
  { rows: '{"query":"a","pos":["b"]}\n{"query":"a","pos":["c"]}\n', says: "E_HOLD_OUT", also: "cannot be held out" },
])("data that cannot be split or mined for: $also", async ({ rows, says, also }) => {
  const { folder, pipeline, output } = workplace();
  writeFileSync(join(folder, "pairs.jsonl"), rows);
  const outcome = await pipeline();
  expect(outcome.stderr).toContain(says);
  expect(outcome.stderr).toContain(also);
  expect(existsSync(output)).toBe(false);
});

test("a base model that changed is noticed; --overwrite removes nothing before data, models and the lock are looked at", async () => {
  const model = join(folderWith({}), "model");
  cpSync(tinyModel, model, { recursive: true });
  const { output, pipeline } = workplace(model);
  const words = ["--skip", "inspect,mine,train"];
  expect((await pipeline(words)).status).toBe(0);
  const config = readFileSync(join(model, "config.json"), "utf8");
  writeFileSync(join(model, "config.json"), `${config}\n`);
  expect(await pipeline(words)).toMatchObject({ status: 1, stderr: expect.stringMatching(/model has other files than when/) });
  const files = createNodeFiles();
  const lock = await files.lock(join(output, ".lock"));
  expect(await pipeline([...words, "--overwrite"])).toMatchObject({ status: 1, stderr: expect.stringContaining("E_LOCKED") });
  await lock[Symbol.asyncDispose]();
  rmSync(model, { recursive: true });
  expect(await pipeline([...words, "--overwrite"])).toMatchObject({ status: 1, stderr: expect.stringContaining("E_MODEL_FOLDER") });
  expect(existsSync(join(output, "baseline.json"))).toBe(true);
});

test("a model of the wrong kind and a loss that compares labels are told before anything is removed or measured", async () => {
  const { output, pipeline } = workplace();
  expect((await pipeline(["--skip", "inspect,mine,train"])).status).toBe(0);
  const crossEncoder = tinyModel.replace("bert-mean-new", "cross-encoder-new");
  const cases = [
    { outcome: await pipeline(["--overwrite", "--reranker", tinyModel]), says: "is an embedding model, and a reranker is a cross-encoder" },
    {
      outcome: await pipeline(["--overwrite", "--loss", "cosent"]),
      says: "--loss cosent compares labels, and the rows of a pipeline have none",
    },
    { outcome: await pipeline(["--overwrite", "--miner.index", "hnws"]), says: 'index "hnws" is not registered' },
    { outcome: await workplace(crossEncoder).pipeline(), says: "is a cross-encoder, which scores pairs and has no vectors to tune" },
  ];
  for (const { outcome, says } of cases) expect(outcome.stderr).toContain(says);
  expect(cases.map(({ outcome }) => outcome.status)).toEqual([1, 2, 2, 1]);
  expect(existsSync(join(output, "baseline.json"))).toBe(true);
});

test("the record of its training names the plugins that it was made with", async () => {
  const { folder, output, pipeline } = workplace();
  const losses = new URL("../../../losses/src/index.ts", import.meta.url).href;
  const plugin = join(folder, "mine.ts");
  writeFileSync(plugin, `import { infonce } from ${JSON.stringify(losses)}; export default { ...infonce, name: "mine" };`);
  expect((await pipeline(["--skip", "inspect,baseline,mine,evaluate", "--plugin", plugin, "--loss", "mine"])).status).toBe(0);
  const record = JSON.parse(readFileSync(join(output, "model", "attune.json"), "utf8")) as { plugins: string[] };
  expect(record.plugins).toEqual([plugin]);
});

test("a margin is said in the digits that it was given in", async () => {
  const { pipeline } = workplace();
  const said = await pipeline(["--skip", "inspect,baseline,train", "--relative-margin", "0.07", "--max-score", "-1"]);
  expect(said).toMatchObject({ status: 0, stderr: expect.stringContaining("that scores 7 % below their positive") });
});

test("an output folder of something else is left alone", async () => {
  const { folder, pipeline } = workplace();
  expect(await attune(["pipeline", "--model", tinyModel, "--data", join(folder, "pairs.jsonl"), "--output", folder])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("is not empty, and holds no pipeline"),
  });
  expect(await pipeline(["--skip", "inspect,baseline,mine,train,evaluate,report"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--skip leaves no stage"),
  });
});
