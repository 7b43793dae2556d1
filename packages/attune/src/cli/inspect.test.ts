import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
