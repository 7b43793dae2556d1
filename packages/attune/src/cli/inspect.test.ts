import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { openSafetensors, writeSafetensors } from "@attune/formats";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

const json = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");

test("rows: counts, lengths, what is wrong with which line, in 80 columns", async () => {
  const pairs = [
    { query: "what is red", pos: ["the sun"], neg: ["the moon"] },
    { query: "what is red", pos: ["the sun"], neg: [] },
    { query: "what is red", pos: ["the moon"], neg: [] },
    { query: "same", pos: ["same"], neg: [] },
    { query: "x", pos: [] },
  ];
  const folder = folderWith({ "rows.jsonl": json(pairs) });
  const { status, stdout } = await attune(["inspect", join(folder, "rows.jsonl"), "--model", tinyModel]);
  expect(status).toBe(0);
  expect(
    stdout
      .replaceAll(folder, "")
      .split("\n")
      .filter((line) => line.length > 80),
  ).toEqual([]);
  for (const said of [
    /4 rows with 4 positive pairs and 1 negative\n/,
    /anchors: 2 different\n {2}median \d+ tokens.*; none is cut at 24/,
    /! 1 row cannot be used/,
    /rows\.jsonl:5 "pos": expected at least one non-empty string/,
    /! 1 pair comes again[^]*rows\.jsonl:2 and line 1/,
    /! 1 text is both a positive and a negative[^]*rows\.jsonl:3/,
    /! 1 anchor is the same text as the positive[^]*rows\.jsonl:4/,
  ])
    expect(stdout.replace(/\s*\n\s{6,}/g, " "), String(said)).toMatch(new RegExp(said.source.replaceAll("\\n", "\\s+")));
  const facts = JSON.parse((await attune(["inspect", join(folder, "rows.jsonl"), "--json"])).stdout) as object;
  expect(facts).toMatchObject({ kind: "rows", unit: "words", rows: { rows: 4, pairs: 4, negatives: 1 }, findings: { length: 4 } });
});

test("a prompt counts as the model puts it, whatever documents are called there; Ctrl-C is heard", async () => {
  const folder = folderWith({ "rows.jsonl": rows(3) });
  const medianWith = async (prompts: object): Promise<number> => {
    const model = join(folderWith(), "model");
    cpSync(tinyModel, model, { recursive: true });
    writeFileSync(join(model, "config_sentence_transformers.json"), JSON.stringify({ prompts }));
    const { stdout } = await attune(["inspect", join(folder, "rows.jsonl"), "--model", model, "--json"]);
    return (JSON.parse(stdout) as { lengths: { positives: { median: number } } }).lengths.positives.median;
  };
  const named = await medianWith({ document: "red sun: " });
  expect(named).toBeGreaterThan(await medianWith({}));
  for (const name of ["passage", "corpus"]) expect(await medianWith({ [name]: "red sun: " }), name).toBe(named);
  const stopped = await attune(["inspect", join(folder, "rows.jsonl")], { signal: AbortSignal.abort() });
  expect(stopped).toMatchObject({ status: 130, stdout: "" });
});

test("a BEIR folder: splits, and a question on both sides", async () => {
  const folder = folderWith({
    "corpus.jsonl": json([{ _id: "d", text: "a" }]),
    "queries.jsonl": json([
      { _id: "q", text: "who?" },
      { _id: "r", text: "Who?" },
    ]),
  });
  mkdirSync(join(folder, "qrels"));
  writeFileSync(join(folder, "qrels/train.tsv"), "q\td\t1\n");
  writeFileSync(join(folder, "qrels/test.tsv"), "r\td\t1\n");
  const { stdout } = await attune(["inspect", folder]);
  expect(stdout).toContain("1 question is in an evaluation split and in train");
  expect(stdout).toContain("r of test and q of train");
});

test("false negatives: none where nothing is repeated, else said for data of any size", async () => {
  const pairs = (count: number, repeated: number) =>
    json(Array.from({ length: count }, (_, i) => ({ query: `q ${i % (count - repeated)}`, pos: [`p ${i}`] })));
  const folder = folderWith({ "none.jsonl": pairs(20, 0), "small.jsonl": pairs(14, 7), "rare.jsonl": pairs(3000, 1) });
  const said = async (name: string): Promise<string> => {
    const { stdout } = await attune(["inspect", join(folder, name)]);
    return /false negatives [^]*?(?=\n\n)/.exec(stdout)![0].replace(/\s+/g, " ");
  };
  expect(await said("none.jsonl")).toBe("false negatives in a batch: none expected (no anchor or positive is repeated)");
  expect(await said("small.jsonl")).toBe(
    "false negatives in a batch: 14 of 14 pairs share their anchor or positive with another, and the data are no larger than a batch of 16",
  );
  expect(await said("rare.jsonl")).toContain("1024 0.23");
  writeFileSync(join(folder, "rarer.jsonl"), pairs(16_000, 1));
  expect(await said("rarer.jsonl")).toBe("false negatives in a batch: fewer than 0.01 rows expected, even in one of 1024");
});

const flagEmbedding = {
  "corpus.jsonl": json([
    { id: "d1", title: "red", text: "fox" },
    { id: "d2", text: "Red  fox" },
    { id: "d3", text: " " },
  ]),
  "train_queries.jsonl": json([{ id: "t1", text: "who?" }]),
  "train_qrels.jsonl": json([{ qid: "t1", docid: "d1" }]),
  "dev_queries.jsonl": json([
    { id: "q1", text: "Who?" },
    { id: "q2", text: "why?" },
  ]),
  "dev_qrels.jsonl": json([
    { qid: "q1", docid: "d1", relevance: 1 },
    { qid: "q1", docid: "d3", relevance: 0 },
    { qid: "q1", docid: "d9", relevance: 1 },
  ]),
};

test("an evaluation set of FlagEmbedding is inspected as a BEIR folder is", async () => {
  const folder = folderWith(flagEmbedding);
  const { status, stdout } = await attune(["inspect", folder]);
  expect(status).toBe(0);
  for (const said of [
    /: an evaluation set of FlagEmbedding\n {2}3 documents, 3 queries\n/,
    / {2}dev +1 +3 +2\n {2}train +1 +1 +1\n/,
    /! 1 judgement names a query or document that is not in the folder[^]*dev_qrels\.jsonl:3/,
    /! 1 document has no text[^]*d3/,
    /! 1 document has the text of another one[^]*d2 and d1/,
    /! 1 question is in an evaluation split and in train[^]*q1 of dev and t1 of train/,
    /- 1 query has no judgement/,
  ])
    expect(stdout).toMatch(said);
  const { kind, flagEmbedding: facts } = JSON.parse((await attune(["inspect", folder, "--json"])).stdout) as Record<string, unknown>;
  expect({ kind, facts }).toMatchObject({ kind: "flag-embedding", facts: { documents: 3, queries: 3, splits: [{ split: "dev" }, {}] } });
  writeFileSync(join(folder, "dev_qrels.jsonl"), json([{ qid: "q1" }]));
  expect((await attune(["inspect", folder])).stdout).toMatch(/! 1 row cannot be used[^]*dev_qrels\.jsonl:1 "docid" expected an id/);
});

test("columns of a folder are refused", async () => {
  expect(await attune(["inspect", folderWith(flagEmbedding), "--columns", "anchor=a"])).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("--columns is for files of rows"),
  });
});

test("a model: what it is and what can be done with it; a broken one ends with 1 and says why", async () => {
  const { status, stdout } = await attune(["inspect", tinyModel, "--json"]);
  expect({ status, facts: JSON.parse(stdout) as object }).toMatchObject({
    status: 0,
    facts: {
      kind: "embedding",
      modelType: "bert",
      layers: 2,
      hiddenSize: 32,
      dimension: 32,
      maxLength: 24,
      modules: ["mean pooling", "normalize"],
      weights: { missing: [], leftOver: [], misshapen: [] },
      commands: expect.arrayContaining(["train"]) as string[],
      problems: [],
    },
  });
  const folder = join(folderWith(), "broken");
  cpSync(tinyModel, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, num_hidden_layers: 3 }));
  const broken = await attune(["inspect", folder]);
  expect(broken.status).toBe(1);
  expect(broken.stdout).toMatch(/missing {5}encoder\.layer\.2\.attention/);
  expect(broken.stdout).toContain("the weights are not those that config.json describes");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, model_type: "gpt9" }));
  expect((await attune(["inspect", folder])).stdout).toMatch(/! .*model_type expected bert.*"gpt9"/);
});

test("what loading refuses is no model that commands can use, also behind the prefix of a task model", async () => {
  const [files, folder] = [createNodeFiles(), join(folderWith(), "prefixed")];
  cpSync(tinyModel, folder, { recursive: true });
  const weights = await openSafetensors(files, join(folder, "model.safetensors"));
  const tensors = await Promise.all(
    weights.names.map(async (name) => {
      const { shape } = weights.info(name);
      return { name: `bert.${name}`, dtype: "F32" as const, shape, data: await weights.readF32(name) };
    }),
  );
  const head = { name: "cls.bias", dtype: "F32" as const, shape: [2], data: new Float32Array(2) };
  const statusWith = async (more: typeof tensors): Promise<[number, number]> => {
    await writeSafetensors(files, join(folder, "model.safetensors"), [...tensors, ...more]);
    const encoded = await attune(["encode", "--model", folder, "--input", "-", "--device", "typescript"], { stdin: "red sun" });
    return [(await attune(["inspect", folder])).status, /E_WEIGHTS/.test(encoded.stderr) ? 1 : 0];
  };
  expect(await statusWith([head])).toEqual([0, 0]);
  expect(await statusWith([head, { ...head, name: "bert.extra.weight" }])).toEqual([1, 1]);
});

test.each([
  { what: "nothing", words: [], status: 2, says: "--path is missing" },
  { what: "a file that is not there", words: ["none.jsonl"], status: 1, says: "error E_NO_FILE  none.jsonl does not exist" },
  {
    what: "a limit in tokens without a model",
    words: ["rows.jsonl", "--max-length", "5"],
    status: 2,
    says: "without --model words are counted",
  },
  {
    what: "a model with an option for data",
    words: [tinyModel, "--columns", "anchor=a"],
    status: 2,
    says: "is a model, and --columns is for data",
  },
  { what: "a folder of neither kind", words: ["."], status: 1, says: "got another folder" },
])("$what is told", async ({ words, status, says }) => {
  const folder = folderWith({ "rows.jsonl": rows(2) });
  const placed = words.map((word) => (["rows.jsonl", "none.jsonl", "."].includes(word) ? join(folder, word) : word));
  const outcome = await attune(["inspect", ...placed]);
  expect(outcome).toMatchObject({ status, stdout: "" });
  expect(outcome.stderr.replaceAll(`${folder}/`, "")).toContain(says);
});
