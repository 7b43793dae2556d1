// What `attune train` can be given: several data sets, streams, losses of their own, evaluation sets.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel, type Outcome } from "../../test/cli.ts";

const base = ["--model", tinyModel, "--device", "typescript", "--batch-size", "4", "--learning-rate", "1e-3", "--no-report"];

const train = (...words: string[]): Promise<Outcome> => attune(["train", ...base, ...words]);
const weights = (...path: string[]): string => readFileSync(join(...path, "model.safetensors")).toString("base64");
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8")) as Record<string, unknown>;
const pairs = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ question: `word ${i}`, answer: `other ${i}`, grade: i % 2 })}\n`).join("");

test("data sets with weights, a pattern, gzip and named columns; attune.json repeats it to the byte", async () => {
  const folder = folderWith({ "part-1.jsonl": rows(6), "own.jsonl": pairs(4).replaceAll("question", "q").replaceAll("answer", "a") });
  writeFileSync(join(folder, "part-2.jsonl.gz"), gzipSync(rows(5)));
  const config = join(folder, "config.json");
  const data = [`${join(folder, "part-*")}=2`, { path: join(folder, "own.jsonl"), columns: { anchor: "q", positive: "a" } }];
  writeFileSync(config, JSON.stringify({ data, evalData: { path: join(folder, "part-1.jsonl"), name: "again" }.path }));
  const first = await train("--config", config, "--output", join(folder, "out"), "--trackers", "wandb");
  expect(first).toMatchObject({ status: 0 });
  expect(first.stderr).toMatch(/15 rows[^]*part-1\.jsonl: 6 rows, weight 2[^]*part-2\.jsonl\.gz: 5 rows, weight 2[^]*own\.jsonl: 4 rows\n/);
  expect(first.stderr).toMatch(/7 steps/); // (6 + 5) x 2 + 4 examples
  expect(first.stderr).toMatch(/warning {3}6 of 6 questions of .*part-1\.jsonl.* are also trained on/);
  expect(json(folder, "out", "attune.json").data).toEqual([
    { path: join(folder, "part-*"), weight: 2 },
    { path: join(folder, "own.jsonl"), columns: { anchor: "q", positive: "a" } },
  ]);
  const again = await attune(["train", "--config", join(folder, "out", "attune.json"), "--output", join(folder, "again")]);
  expect(again).toMatchObject({ status: 0 });
  expect(weights(folder, "again")).toBe(weights(folder, "out"));
});

test("held-out pairs with scores are measured by the scores, not as answers to be found", async () => {
  const folder = folderWith({ "scored.jsonl": pairs(20).replaceAll("grade", "score") });
  const { status, stderr } = await train(
    "--data",
    join(folder, "scored.jsonl"),
    "--loss",
    "cosent",
    "--hold-out",
    "0.5",
    "--output",
    join(folder, "out"),
  );
  expect({ status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringContaining("10 rows held out of training (sts)\n") as string,
  });
  expect(stderr).toMatch(/baseline {2}spearman_cosine/);
});

test("rows that are held out and never measured are warned of", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12), "dev.jsonl": pairs(6).replaceAll("grade", "note") });
  const sets = ["--data", join(folder, "rows.jsonl"), "--eval-data", join(folder, "dev.jsonl"), "--hold-out", "0.25"];
  const once = await train(...sets, "--output", join(folder, "once"));
  expect(once.stderr).toContain("warning   3 rows held out of training are never measured");
  const often = await train(...sets, "--eval-steps", "2", "--output", join(folder, "often"));
  expect(often).toMatchObject({ status: 0 });
  expect(often.stderr).not.toContain("never measured");
});

test("a training of nothing but warm-up is warned of", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const warned = async (...words: string[]): Promise<string> =>
    (await train("--data", join(folder, "rows.jsonl"), "--output", join(folder, "out"), "--overwrite", ...words)).stderr;
  expect(await warned("--max-steps", "1")).toMatch(/warning {3}there is one step, .* nothing is learnt/);
  expect(await warned("--warmup", "2")).toMatch(/warning {3}all 2 steps are warm-up/);
  expect(await warned("--max-steps", "1", "--warmup", "0")).not.toContain("warning");
  expect(await warned()).not.toContain("warning");
});

test("the same on the command line: --data repeated, --columns for all", async () => {
  const folder = folderWith({ "a.jsonl": pairs(6), "b=2": pairs(3) });
  const sets = ["--data", join(folder, "a.jsonl"), "--data", join(folder, "b=2"), "--columns", "anchor=question,positive=answer"];
  const { status, stderr } = await train(...sets, "--output", join(folder, "out"));
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("b=2: 3 rows\n") as string });
  const wrong = await train("--data", `${join(folder, "a.jsonl")}=0`, "--output", join(folder, "no"));
  expect(wrong.stderr).toMatch(/error E_OPTION {2}weight of .*a\.jsonl expected a number above 0, got 0/);
});

test("streamed rows: what is said, the record that repeats it, and a resume to the same bytes", async () => {
  const folder = folderWith({ "rows.jsonl": rows(24) });
  const streaming = ["--data", join(folder, "rows.jsonl"), "--streaming", "--shuffle-window", "8", "--epochs", "2", "--save-steps", "2"];
  const whole = await train(...streaming, "--output", join(folder, "whole"));
  expect(whole.stderr).toMatch(/24 rows \(query, pos, neg\), streamed, shuffled within 8\n/);
  expect(whole.stderr).toContain("12 steps");
  const controller = new AbortController();
  const running = attune(["train", ...base, ...streaming, "--output", join(folder, "cut")], { signal: controller.signal });
  while (!existsSync(join(folder, "cut", "checkpoint-4"))) await new Promise((resolve) => setTimeout(resolve, 2));
  controller.abort();
  expect(await running).toMatchObject({ status: 130 });
  expect(await train(...streaming, "--output", join(folder, "cut"), "--resume")).toMatchObject({ status: 0 });
  expect(weights(folder, "cut")).toBe(weights(folder, "whole"));
  await attune(["train", "--config", join(folder, "whole", "attune.json"), "--output", join(folder, "again")]);
  expect(weights(folder, "again")).toBe(weights(folder, "whole"));
});

test("a data set with a loss of its own, in batches of one set each", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8), "graded.jsonl": pairs(8), "plain.jsonl": rows(3) });
  const config = join(folder, "config.json");
  const graded = {
    path: join(folder, "graded.jsonl"),
    columns: { anchor: "question", positive: "answer", score: "grade" },
    loss: ["cosent", { temperature: 0.1 }],
  };
  writeFileSync(config, JSON.stringify({ data: [join(folder, "rows.jsonl"), graded] }));
  const { status, stderr } = await train("--config", config, "--output", join(folder, "out"));
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("4 steps") as string });
  expect(stderr).not.toContain("uses none");
  await attune(["train", "--config", join(folder, "out", "attune.json"), "--output", join(folder, "again")]);
  expect(weights(folder, "again")).toBe(weights(folder, "out"));
  writeFileSync(config, JSON.stringify({ data: [join(folder, "rows.jsonl"), { path: join(folder, "plain.jsonl"), loss: "cosent" }] }));
  expect((await train("--config", config, "--output", join(folder, "no"))).stderr).toMatch(
    /E_LOSS_INPUT {2}\S*\/plain\.jsonl:1 has neither "score" nor "label"/,
  );
});

test("several evaluation sets, the best model by the metric of one, early stopping", async () => {
  const folder = folderWith({ "rows.jsonl": rows(24), "dev.jsonl": rows(6), "pairs.jsonl": pairs(6).replaceAll("grade", "score") });
  const sets = ["--eval-data", join(folder, "dev.jsonl"), "--eval-data", join(folder, "pairs.jsonl"), "--eval-steps", "2"];
  const options = ["--data", join(folder, "rows.jsonl"), ...sets, "--columns", "anchor=query", "--eval-k", "1,3"];
  const { status, stdout, stderr } = await train(...options, "--best-metric", "dev/mrr@3", "--output", join(folder, "out"), "--json");
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const result = JSON.parse(stdout) as { metrics: { after: object }; best: { metric: string } };
  expect(Object.keys(result.metrics.after)).toEqual(expect.arrayContaining(["dev/ndcg@1", "pairs/spearman_cosine"]));
  expect(result.best.metric).toBe("dev/mrr@3");
  expect(stderr).toMatch(/eval {6}step 2 {3}dev {3}MRR@3 \d\.\d{3} {3}\(best\)/);
  expect(stderr).toMatch(/best {6}step \d+: dev\/mrr@3/);
  expect(stderr).toMatch(/result {4}dev\/ndcg@1 \S+ -> .*\n {12}pairs\/spearman_cosine \S+ -> \S+ {3}\(\S+\)\n/);
  const early = await train(
    ...options.slice(0, 4),
    "--eval-steps",
    "1",
    "--patience",
    "1",
    "--min-delta",
    "1",
    "--output",
    join(folder, "early"),
  );
  expect(early.stderr).toMatch(/early {5}stopped after step 2 of 6: 1 evaluation without a better one/);
  const unknown = await train(...options, "--best-metric", "dev/ndcg@7", "--output", join(folder, "none"));
  expect(unknown).toMatchObject({ status: 2, stdout: "" });
  expect(unknown.stderr).toMatch(
    /error E_METRIC {2}best metric "dev\/ndcg@7" is computed by no evaluator.\n {2}Hint: available: dev\/ndcg@1, .*pairs\//,
  );
  expect(existsSync(join(folder, "none"))).toBe(false);
});

const written = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ query: `new ${i + from}`, pos: [`answer ${i + from}`] })}\n`).join("");

test("where evaluations choose the model, a resume takes the same ones alone, wherever they lie", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12), "dev.jsonl": written(6) });
  mkdirSync(join(folder, "moved"));
  writeFileSync(join(folder, "moved", "dev.jsonl"), written(6));
  const [data, output] = [
    ["--data", join(folder, "rows.jsonl")],
    ["--output", join(folder, "out")],
  ];
  const measured = (path: string): string[] => ["--eval-data", join(folder, path), "--eval-steps", "2"];
  expect(await train(...data, ...output, ...measured("dev.jsonl"), "--patience", "9")).toMatchObject({ status: 0 });
  const resumed = (path: string, ...more: string[]): Promise<Outcome> =>
    train(...data, ...output, ...measured(path), "--patience", "9", "--resume", ...more);
  expect(await resumed("moved/dev.jsonl")).toMatchObject({ status: 0 });
  expect((await resumed("dev.jsonl", "--eval-k", "3")).stderr).toMatch(
    /E_RESUME .*another --best-metric: expected "ndcg@10", got "ndcg@3"/,
  );
  writeFileSync(join(folder, "dev.jsonl"), written(6, 1));
  const other = await resumed("dev.jsonl");
  expect(other.stderr).toMatch(
    /E_RESUME .*was made with another --eval-data: expected "dev\.jsonl [0-9a-f]{16}", got "dev\.jsonl [0-9a-f]{16}"/,
  );
});

test("where none chooses it, a resume takes others, and compares with a base model that is measured on them", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12), "dev.jsonl": written(6) });
  const words = ["--data", join(folder, "rows.jsonl"), "--eval-data", join(folder, "dev.jsonl"), "--output", join(folder, "out")];
  const baselineOf = () => (json(folder, "out", "attune.json").record as { baseline: { content: string; metrics: object } }).baseline;
  expect(await train(...words)).toMatchObject({ status: 0 });
  const first = baselineOf();
  expect((await train(...words, "--resume")).status).toBe(0);
  expect(baselineOf()).toEqual(first);
  writeFileSync(join(folder, "dev.jsonl"), written(2));
  expect((await train(...words, "--resume")).status).toBe(0);
  expect(baselineOf().content).not.toBe(first.content);
  expect(baselineOf().metrics).not.toEqual(first.metrics);
});

test("evaluation data by a pattern, and the passages beside it, are those of the first start after a resume alone", async () => {
  const passages = (count: number): string =>
    Array.from({ length: count }, (_, i) => `${JSON.stringify({ text: `answer ${i}` })}\n`).join("");
  const scored = (count: number): string => pairs(count).replaceAll("grade", "score");
  const files = { "rows.jsonl": rows(12), "dev-1.jsonl": scored(3), "dev-2.jsonl": scored(5), "passages.jsonl": passages(9) };
  const folder = folderWith({ ...files, "over.jsonl": written(6) });
  const config = join(folder, "config.json");
  const started = async (name: string, evalData: unknown): Promise<Outcome> => {
    writeFileSync(config, JSON.stringify({ evalData }));
    const words = ["--data", join(folder, "rows.jsonl"), "--output", join(folder, name), "--eval-steps", "2", "--patience", "9"];
    return train("--config", config, ...words, ...(existsSync(join(folder, name)) ? ["--resume"] : []));
  };
  const pattern = join(folder, "dev-*.jsonl");
  expect(await started("pattern", pattern)).toMatchObject({ status: 0 });
  expect(await started("pattern", pattern)).toMatchObject({ status: 0 });
  writeFileSync(join(folder, "dev-2.jsonl"), scored(4));
  expect((await started("pattern", pattern)).stderr).toMatch(/E_RESUME .*another --eval-data: expected "dev-\*\.jsonl [0-9a-f]{16}"/);

  const beside = {
    path: join(folder, "over.jsonl"),
    evaluator: ["retrieval", { corpus: relative(process.cwd(), join(folder, "passages.jsonl")) }],
  };
  expect(await started("beside", [beside])).toMatchObject({ status: 0 });
  expect(json(folder, "beside", "attune.json").evalData).toEqual([
    { path: join(folder, "over.jsonl"), evaluator: ["retrieval", { corpus: join(folder, "passages.jsonl") }] },
  ]);
  expect(await started("beside", [beside])).toMatchObject({ status: 0 });
  writeFileSync(join(folder, "passages.jsonl"), passages(10));
  expect((await started("beside", [beside])).stderr).toMatch(/E_RESUME .*another --eval-data/);
});

test("bad rows and unknown columns of evaluation data: what is said can be done there", async () => {
  const scored = (row: object): string => `${JSON.stringify(row)}\n${JSON.stringify({ sentence1: "a", sentence2: "b", score: 1 })}\n`;
  const folder = folderWith({
    "rows.jsonl": rows(8),
    "bad.jsonl": scored({ sentence1: "a", sentence2: "" }),
    "unknown.jsonl": '{"left":"a","right":"b","grade":1}\n',
    "unknown.csv": "left,right,grade,more\na,b,1,c\n",
  });
  const said = async (file: string): Promise<string> => {
    const words = ["--data", join(folder, "rows.jsonl"), "--eval-data", join(folder, file), "--output", join(folder, "out")];
    const { status, stderr } = await train(...words);
    expect(status).toBe(1);
    return stderr;
  };
  expect(await said("bad.jsonl")).toMatch(/error E_ROW {2}\S*bad\.jsonl:1 .*\n {2}Hint: correct the row, or take it out of the file\./);
  for (const file of ["unknown.jsonl", "unknown.csv"]) {
    expect(await said(file)).toMatch(
      /error E_LAYOUT .*\n {2}Hint: rename the columns of the file, or map them in a --config file: "evaluator": \["sts", \{ "columns"/,
    );
  }
});

test("questions that are trained on are told, also where the evaluator is named", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8), "dev.jsonl": rows(5) });
  const words = ["--model", tinyModel, "--device", "typescript", "--data", join(folder, "rows.jsonl"), "--output", join(folder, "out")];
  const { stderr } = await attune(["train", ...words, "--eval-data", `retrieval:${join(folder, "dev.jsonl")}`, "--no-report"]);
  expect(stderr).toMatch(/warning {3}5 of 5 questions of .*dev\.jsonl \(retrieval\) are also trained on/);
});

test("streamed rows are not searched for evaluation questions, and that is said", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12), "dev.jsonl": rows(4) });
  const words = ["--data", join(folder, "rows.jsonl"), "--eval-data", join(folder, "dev.jsonl")];
  const streamed = await train(...words, "--streaming", "--output", join(folder, "streamed"));
  expect(streamed).toMatchObject({ status: 0 });
  expect(streamed.stderr).toMatch(/warning {3}streamed rows are not searched for questions of .*dev\.jsonl: scores/);
  const held = await train(...words, "--output", join(folder, "held"));
  expect(held.stderr).toContain("also trained on");
  expect(held.stderr).not.toContain("not searched");
});

test("an evaluator by name, for a file that could be several things", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8), "pairs.jsonl": pairs(6).replaceAll("grade", "label") });
  const { status, stdout, stderr } = await train(
    "--data",
    join(folder, "rows.jsonl"),
    "--eval-data",
    `pair-classification:${join(folder, "pairs.jsonl")}`,
    "--output",
    join(folder, "out"),
    "--json",
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(json(folder, "out", "attune.json").evalData).toMatchObject([
    { path: join(folder, "pairs.jsonl"), evaluator: ["pair-classification", {}] },
  ]);
  expect(Object.keys((JSON.parse(stdout) as { metrics: { after: object } }).metrics.after).length).toBeGreaterThan(3);
});

test.each([
  {
    what: "streaming and holding out",
    words: ["--streaming", "--hold-out", "0.2"],
    says: "--streaming cannot be used with --hold-out, which needs all rows at once",
  },
  {
    what: "streaming and sorting",
    words: ["--streaming", "--sampler", "no-duplicates"],
    says: "cannot be used with --sampler no-duplicates",
  },
  {
    what: "a sampler without what it needs",
    words: ["--sampler", "token-budget"],
    says: "--sampler.tokens is missing: the sampler token-budget needs it",
  },
  { what: "patience without evaluations", words: ["--patience", "2"], says: "patience needs evaluations while the model is trained" },
  {
    what: "an evaluation that --no-eval leaves out",
    words: ["--no-eval", "--best-metric", "x"],
    says: "--best-metric asks for an evaluation, and --no-eval",
  },
  { what: "a bad option of an optimiser", words: ["--optimizer.beta1", "2"], says: "error E_OPTION  --optimizer.beta1" },
])("$what is refused", async ({ words, says }) => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const { status, stderr } = await train("--data", join(folder, "rows.jsonl"), "--output", join(folder, "out"), ...words);
  expect(stderr).toContain(says);
  expect(status).toBe(2);
  expect(existsSync(join(folder, "out"))).toBe(false);
});

test("batches of one row are warned of where the loss compares rows", async () => {
  const folder = folderWith({ "pairs.jsonl": pairs(2) });
  const words = [
    "--data",
    join(folder, "pairs.jsonl"),
    "--batch-size",
    "1",
    "--output",
    join(folder, "out"),
    "--device",
    "typescript",
    "--no-report",
  ];
  const { stderr } = await attune(["train", "--model", tinyModel, ...words]);
  expect(stderr).toContain("with --batch-size 1 the loss infonce has no other row to compare with");
});

test("an example that is over the token budget is named by file and line", async () => {
  const folder = folderWith({ "pairs.jsonl": `{\n${rows(6)}` });
  const output = join(folder, "out");
  const budget = ["--sampler", "token-budget", "--tokens", "8", "--skip-bad-rows"];
  const { status, stderr } = await train("--data", join(folder, "pairs.jsonl"), "--output", output, ...budget);
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /error E_OPTION {2}.*pairs\.jsonl:2 has \d+ tokens with 1 negative, more than the token budget of 8/,
    ) as string,
  });
});

test.each([{ words: [] }, { words: ["--streaming"] }])(
  "Ctrl-C is heard while rows are read, and leaves nothing: $words",
  async ({ words }) => {
    const folder = folderWith({ "pairs.jsonl": rows(200_000) });
    const output = join(folder, "out");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const all = ["train", ...base, "--data", join(folder, "pairs.jsonl"), "--output", output, ...words];
    const { status, stderr } = await attune(all, { signal: controller.signal });
    expect({ status, stderr }).toMatchObject({ status: 130, stderr: expect.stringContaining("stopped.") as string });
    expect(existsSync(output)).toBe(false);
  },
);
