import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const reranker = tinyModel.replace("bert-mean-new", "cross-encoder-new");
const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "garden", "window"];
const pairs = things.map((thing) => ({ query: `where is the ${thing}?`, pos: [`the ${thing} stands by the road`] }));
const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

function workplace() {
  const corpus = [...pairs.map(({ pos }) => ({ content: pos[0] })), { title: "a", content: "moon" }, { content: "sun" }];
  const folder = folderWith({ "pairs.jsonl": jsonl(pairs), "passages.jsonl": jsonl(corpus) });
  return { folder, data: join(folder, "pairs.jsonl"), corpus: join(folder, "passages.jsonl") };
}

const evaluate = (...words: string[]) => attune(["eval", "--device", "typescript", ...words]);

interface Measured {
  readonly metrics: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly peakRssBytes: number;
}

interface Outcome extends Measured {
  readonly base: Measured;
  readonly tuned: Measured;
  readonly reranked: Outcome;
  readonly gain: { readonly mean: number };
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  readonly steps: readonly (Measured & { readonly step: number })[];
}

const json = async (...words: string[]): Promise<Outcome> => {
  const { stdout, stderr } = await evaluate(...words, "--json");
  expect(stderr).not.toContain("error");
  return JSON.parse(stdout) as Outcome;
};

test("rows beside a corpus are matched by text; what it took is told", async () => {
  const { data, corpus } = workplace();
  const words = ["--model", tinyModel, "--data", data, "--corpus", corpus, "--k", "10"];
  const measured = await json(...words);
  expect(measured).toMatchObject({ evaluator: "retrieval", texts: 18, metrics: { "recall@10": 1 }, options: { corpus } });
  expect(measured.tokens).toBeGreaterThan(18 * 3);
  expect(measured.peakRssBytes).toBeGreaterThan(1e7);
  const { stderr } = await evaluate(...words);
  expect(stderr).toMatch(/speed {5}\S+( k)? texts\/s, \S+( k)? tokens\/s · peak memory \d+(\.\d)? [MG]B/);
});

test("prompts, lengths, pooling and another query model change the vectors; the same model twice does not", async () => {
  const { data, corpus } = workplace();
  const score = async (...words: string[]) =>
    (await json("--model", tinyModel, "--data", data, "--corpus", corpus, "--k", "3", ...words)).metrics;
  const plain = await score();
  expect(await score("--query-model", tinyModel, "--padding-side", "left", "--query-prompt", "", "--document-prompt", "")).toEqual(plain);
  expect(await score("--query-max-length", "3")).not.toEqual(plain);
  expect(await score("--pooling", "cls")).not.toEqual(plain);
  expect(await score("--query-prompt", "moon sun moon sun moon sun: ")).not.toEqual(plain);
});

test("--compare: side by side, significance, wins and losses with their texts, a report", async () => {
  const { folder, data } = workplace();
  const [tuned, report] = [join(folder, "tuned"), join(folder, "compared.html")];
  const train = [
    "--data",
    data,
    "--output",
    tuned,
    "--epochs",
    "12",
    "--batch-size",
    "4",
    "--learning-rate",
    "5e-3",
    "--save-steps",
    "8",
    "--keep",
    "9",
  ];
  const trained = await attune(["train", "--model", tinyModel, "--device", "typescript", ...train, "--no-eval", "--no-report"]);
  expect(trained.status).toBe(0);
  const words = ["--model", tuned, "--data", data, "--evaluator", "retrieval", "--k", "1"];
  const { stdout } = await evaluate(...words, "--compare", tinyModel, "--report", report);
  expect(stdout).toMatch(/^ +base +tuned +gain\n {2}nDCG@1 +0\.\d{4} +[01]\.\d{4} +\+0\.\d{4}\n/);
  expect(stdout).toMatch(/p-value {3}0\.\d+, paired randomisation test/);
  expect(stdout).toMatch(/\d largest wins?\n {4}\+1\.00 {2}where is the \w+\?\n {6}base {3}0\.00 {2}wrong .*\n {6}tuned {2}1\.00 {2}right/);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(readFileSync(report, "utf8")).toContain("Queries that changed most");
  const both = await json(...words, "--compare", tinyModel);
  expect(both.gain.mean).toBeCloseTo(both.tuned.metrics["ndcg@1"] - both.base.metrics["ndcg@1"], 12);
  expect(both.wins + both.ties + both.losses).toBe(8);

  const steps = await json("--all-checkpoints", tuned, "--data", data, "--evaluator", "retrieval", "--k", "1");
  expect(steps.steps.map(({ step }) => step)).toEqual([8, 16, 24]);
  expect(steps.steps.at(-1)!.metrics).toEqual(both.tuned.metrics); // the last checkpoint is the model
  const drawing = ["--all-checkpoints", tuned, "--data", data, "--evaluator", "retrieval", "--k", "1", "--report", report];
  expect((await evaluate(...drawing)).stderr).toContain("exists.\n  Hint: --overwrite replaces it, or give another --report.");
  const drawn = await evaluate(...drawing, "--overwrite");
  expect(drawn.stdout).toMatch(/nDCG@1 {3}[▁▂▃▄▅▆▇█]{3} {3}[+-]0\.\d{4} over 3 measurements; best \(\*\) at step \d+/);
  expect(await evaluate("--all-checkpoints", folder, "--data", data)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("E_NO_RUN"),
  });
});

test("--reranker orders what was found: both stages on the same judgements", async () => {
  const { folder, data, corpus } = workplace();
  const words = ["--model", tinyModel, "--data", data, "--corpus", corpus, "--k", "3"];
  const run = join(folder, "two.run");
  const both = await json(...words, "--reranker", reranker, "--depth", "4", "--save-run", run);
  expect(both).toMatchObject({ evaluator: "retrieval", reranked: { depth: 4, pairs: 32, reranker } });
  expect(both.reranked.wins + both.reranked.ties + both.reranked.losses).toBe(8);
  expect(both.metrics).toEqual((await json(...words)).metrics);
  expect(readFileSync(run, "utf8").trim().split("\n")).toHaveLength(32);
  const { stdout } = await evaluate(...words, "--reranker", reranker);
  expect(stdout).toMatch(/retrieved .*\n {2}reranked \(first 100\) /);
  // What is not scored again stays where it was: no document is lost by a shallow second stage.
  const shallow = await json(...words, "--reranker", reranker, "--depth", "1");
  expect(shallow.reranked).toMatchObject({ depth: 1, pairs: 8, wins: 0, losses: 0, metrics: shallow.metrics });
});

test("--reranker: the page and mteb's folder have the figures of both stages under the names of both", async () => {
  const { folder, data, corpus } = workplace();
  const [report, mteb] = [join(folder, "stages.html"), join(folder, "results")];
  const words = ["--model", tinyModel, "--data", data, "--corpus", corpus, "--k", "3", "--reranker", reranker];
  const both = await json(...words, "--report", report, "--mteb", mteb, "--mteb-task", "Things");
  const page = readFileSync(report, "utf8");
  expect(page).toContain("bert-mean-new + cross-encoder-new against bert-mean-new");
  expect(page).toContain(reranker);
  for (const { metrics } of [both, both.reranked]) expect(page).toContain(`<td>${metrics["ndcg@3"].toFixed(3)}</td>`);
  expect(page).not.toContain("right answer first for"); // the first stage's scores are not those of this order
  expect(readdirSync(mteb)).toEqual(["st__bert-mean-new + cross-encoder-new"]);
  const at = join(mteb, "st__bert-mean-new + cross-encoder-new", "no_revision_available");
  const { scores } = JSON.parse(readFileSync(join(at, "Things.json"), "utf8")) as { scores: { test: { main_score: number }[] } };
  expect(scores.test[0].main_score).toBeCloseTo(both.reranked.metrics["ndcg@3"], 5);
  const meta: unknown = JSON.parse(readFileSync(join(at, "model_meta.json"), "utf8"));
  expect(meta).toMatchObject({ name: "st/bert-mean-new + cross-encoder-new", embed_dim: null });
});

test("quantised embeddings and latency", async () => {
  const { data, corpus } = workplace();
  const words = ["--model", tinyModel, "--data", data, "--evaluator"];
  const quantised = await json(...words, "quantized", "--corpus", corpus, "--precisions", "int8,ubinary", "--k", "3");
  expect(quantised.metrics).toMatchObject({ float32_bytes: 128, int8_bytes: 32, ubinary_bytes: 4 });
  expect(quantised.metrics["float32_ndcg@3"]).toBe((await json(...words, "retrieval", "--corpus", corpus, "--k", "3")).metrics["ndcg@3"]);
  const { metrics } = await json("--model", tinyModel, "--data", corpus, "--evaluator", "latency", "--singles", "3");
  expect(metrics.p95_ms).toBeGreaterThanOrEqual(metrics.p50_ms);
  expect(metrics.tokens_per_second).toBeGreaterThan(metrics.texts_per_second);
});

test("--compare of lists: an embedding model beside a cross-encoder, paired by list, with their queries", async () => {
  const rows = pairs.map(({ query, pos }, i) => ({ query, pos, neg: i === 0 ? [] : [pairs[i - 1].pos[0], "moon"] }));
  const folder = folderWith({ "lists.jsonl": jsonl(rows) });
  const words = ["--model", tinyModel, "--compare", reranker, "--data", join(folder, "lists.jsonl"), "--evaluator", "reranking"];
  const { stdout } = await evaluate(...words);
  expect(stdout).toMatch(/queries {3}7: \d won, \d tied, \d lost/); // the list without negatives counts for the cross-encoder alone
  expect(stdout).toMatch(/ {4}[+-]\d\.\d\d {2}where is the (bridge|harbour|letter|robot|library|garden|window)\?\n/);
});

test("--mteb writes a folder as mteb has it", async () => {
  const { folder, data, corpus } = workplace();
  const mteb = join(folder, "results");
  const words = ["--model", tinyModel, "--data", data, "--corpus", corpus, "--mteb", mteb];
  await json(...words, "--mteb-task", "Things");
  const at = join(mteb, "st__bert-mean-new", "no_revision_available");
  const task = JSON.parse(readFileSync(join(at, "Things.json"), "utf8")) as {
    task_name: string;
    scores: { test: Record<string, unknown>[] };
  };
  expect(task.task_name).toBe("Things");
  expect(task.scores.test[0]).toMatchObject({
    hf_subset: "default",
    main_score: task.scores.test[0].ndcg_at_10,
    languages: ["eng-Latn"],
  });
  await json(...words, "--mteb-task", "Dinge", "--mteb-languages", "deu-Latn,zho-Hans");
  const other = JSON.parse(readFileSync(join(at, "Dinge.json"), "utf8")) as typeof task;
  expect(other.scores.test[0].languages).toEqual(["deu-Latn", "zho-Hans"]);
  expect(existsSync(join(at, "model_meta.json"))).toBe(true);
  // A path without a name is called as its folder is.
  await json("--model", `${tinyModel}/.`, "--data", data, "--corpus", corpus, "--mteb", mteb, "--mteb-task", "Things");
  expect(existsSync(join(mteb, "bert-mean-new", "no_revision_available", "Things.json"))).toBe(true);
});

test("what is read is not written over, and no file is written twice", async () => {
  const { folder, data } = workplace();
  const measuring = ["--model", tinyModel, "--data", data];
  const before = readFileSync(data, "utf8");
  expect(await evaluate(...measuring, "--report", join(folder, ".", "none", "..", "pairs.jsonl"))).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--report is the file of --data"),
  });
  expect(readFileSync(data, "utf8")).toBe(before);
  const page = join(folder, "page");
  expect(await evaluate(...measuring, "--report", page, "--save-run", page)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--report is the file of --save-run"),
  });
});

test("nor are the files that options of an evaluator name, and those of a folder that is measured on", async () => {
  const { folder, data, corpus } = workplace();
  const labelled = jsonl(things.map((text, i) => ({ text, label: i % 2 })));
  writeFileSync(join(folder, "train.jsonl"), labelled);
  mkdirSync(join(folder, "beir", "qrels"), { recursive: true });
  for (const name of ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"]) writeFileSync(join(folder, "beir", name), name);
  const [train, beir] = [join(folder, "train.jsonl"), join(folder, "beir")];
  const cases = [
    { words: ["--data", data, "--corpus", corpus, "--save-run", corpus], says: "--save-run is the file of --corpus" },
    {
      words: ["--data", data, "--evaluator", "classification", "--train", train, "--report", train],
      says: "--report is the file of --train",
    },
    { words: ["--data", beir, "--save-run", join(beir, "qrels", "test.tsv")], says: "--save-run is the file of --data" },
    { words: ["--data", beir, "--report", join(beir, "corpus.jsonl")], says: "--report is the file of --data" },
  ];
  for (const { words, says } of cases)
    expect(await evaluate("--model", tinyModel, ...words, "--overwrite")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(says),
    });
  expect(readFileSync(join(beir, "qrels", "test.tsv"), "utf8")).toBe("qrels/test.tsv");
  expect(readFileSync(train, "utf8")).toBe(labelled);
});

test("a folder for mteb's files that cannot be made is said before a model works", async () => {
  const { data, corpus } = workplace();
  const outcome = await evaluate("--model", tinyModel, "--data", data, "--corpus", corpus, "--mteb", data);
  expect(outcome).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/E_OUTPUT .*is a file, not a folder\.\n {2}Hint: give another --mteb/),
  });
  expect(outcome.stderr).not.toContain("speed");
});

test("--all-checkpoints of a training that has not ended reads texts as long as that does", async () => {
  const { folder, data } = workplace();
  const tuned = join(folder, "tuned");
  const words = ["--data", data, "--output", tuned, "--batch-size", "4", "--max-length", "5", "--no-eval", "--no-report"];
  expect((await attune(["train", "--model", tinyModel, "--device", "typescript", ...words])).status).toBe(0);
  const measured = () => json("--all-checkpoints", tuned, "--data", data, "--evaluator", "retrieval", "--k", "1");
  const [{ tokens }] = (await measured()).steps;
  for (const name of ["config.json", "modules.json", "model.safetensors"]) rmSync(join(tuned, name));
  expect((await measured()).steps[0].tokens).toBe(tokens);
  writeFileSync(join(tuned, "attune.json"), '{"model": "ba');
  expect(await evaluate("--all-checkpoints", tuned, "--data", data)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/E_NO_RUN .*no attune\.json that names their base model/),
  });
});

test.each([
  { words: ["--compare", tinyModel], says: "is the model itself" },
  { words: ["--compare", "other", "--save-run", "a.run"], says: "--save-run does not go with --compare" },
  { words: ["--index", "hnsw", "--evaluator.index", "exact"], says: "--index hnsw is given twice, by --evaluator.index" },
  { words: ["--reranker-max-length", "8"], says: "--reranker-max-length is for --reranker" },
  { words: ["--mteb-task", "A"], says: "--mteb-task is for --mteb" },
  { words: ["--mteb-languages", "deu-Latn"], says: "--mteb-languages is for --mteb" },
  { words: ["--mteb", "m", "--mteb-languages", "de"], says: "--mteb-languages expected ISO 639-3 codes with their scripts" },
  { words: ["--mteb", "m", "--mteb-task", "../A"], says: "has a slash in it" },
  { words: ["--reranker", tinyModel], says: "is an embedding model, and a reranker is a cross-encoder", status: 1 },
  { words: ["--padding-side", "left", "--pooling", "cls"], says: "--padding-side left does not go with cls pooling" },
  { words: ["--add-bos"], says: "--add-bos is for tokenizers with a bos_token" },
  { words: ["--query-model", tinyModel.replace("bert-mean-new", "bert-dense-new")], says: "expected vectors of 32 numbers" },
  { words: ["--all-checkpoints", "x"], says: "--all-checkpoints takes the model of that training" },
  { words: ["--evaluator", "quantized", "--precisions", "int4"], says: 'expected one of "int8"' },
])("wrong use: $says", async ({ words, says, status = 2 }) => {
  const { data, corpus } = workplace();
  const outcome = await evaluate("--model", tinyModel, "--data", data, "--corpus", corpus, ...words);
  expect(outcome.stderr).toContain(says);
  expect(outcome).toMatchObject({ status, stdout: "" });
});
