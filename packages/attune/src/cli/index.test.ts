// `--index` of `attune eval` and `attune mine`.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const documents = ["red sun", "blue moon", "old tree", "red moon", "blue sun", "a road by the water", "fire", "wind and water"];

/** A BEIR folder of which each question has one answer. */
function world(): string {
  const folder = folderWith({
    "corpus.jsonl": lines(documents.map((text, i) => ({ _id: `d${i}`, text }))),
    "queries.jsonl": lines([0, 1, 2, 5].map((i) => ({ _id: `q${i}`, text: `what is ${documents[i]}` }))),
  });
  mkdirSync(join(folder, "qrels"));
  const judged = [0, 1, 2, 5].map((i) => `q${i}\td${i}\t1\n`).join("");
  for (const split of ["test", "train"]) writeFileSync(join(folder, "qrels", `${split}.tsv`), `query-id\tcorpus-id\tscore\n${judged}`);
  return folder;
}

const base = ["--device", "typescript", "--model", tinyModel];

test("eval: every index finds what exact search finds, and options reach it", async () => {
  const folder = world();
  const evaluate = (...words: string[]) => attune(["eval", ...base, "--data", folder, "--k", "3", "--json", ...words]);
  const exact = await evaluate();
  expect(exact.status, exact.stderr).toBe(0);
  const { metrics } = JSON.parse(exact.stdout) as { metrics: Record<string, number> };
  for (const words of [["hnsw", "--ef-search", "50"], ["usearch", "--index.stored", "f32"], ["sqlite"], ["exact", "--stored", "f16"]]) {
    const found = await evaluate("--index", ...words);
    expect(found.status, found.stderr).toBe(0);
    expect(JSON.parse(found.stdout)).toMatchObject({ metrics, options: { index: [words[0], expect.any(Object)] } });
  }
});

test("mine: candidates of an index with the scores of exact search", async () => {
  const folder = world();
  const mine = async (name: string, ...words: string[]): Promise<unknown[]> => {
    const output = join(folder, `${name}.jsonl`);
    const { status, stderr } = await attune([
      "mine",
      ...base,
      "--data",
      folder,
      "--split",
      "test",
      "--negatives",
      "3",
      "--output",
      output,
      ...words,
    ]);
    expect(status, stderr).toBe(0);
    return readFileSync(output, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  };
  const exact = await mine("exact");
  for (const index of ["hnsw", "usearch", "sqlite"]) expect(await mine(index, "--index", index)).toEqual(exact);
});

test("a file that holds vectors stays as it is; what is made for a search is emptied after it", async () => {
  const folder = world();
  const path = join(folder, "vectors.db");
  const evaluate = () => attune(["eval", ...base, "--data", folder, "--k", "3", "--index", "sqlite", "--index.path", path]);
  expect((await evaluate()).status).toBe(0);
  expect((await evaluate()).status).toBe(0);
  const { sqliteIndex } = await import("@attune/index-sqlite");
  const { createNodeFiles } = await import("@attune/files-node");
  {
    await using index = await sqliteIndex.create({ metric: "cosine", table: "vectors", path }, { files: createNodeFiles() } as never);
    expect(await index.size()).toBe(0);
    await index.add(Uint32Array.of(1), new Float32Array(32).fill(1));
  }
  const refused = await evaluate();
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("--index sqlite holds 1 vectors already")]);
});

test.each([
  { words: ["--index", "hnws"], code: "E_UNKNOWN_PLUGIN", says: 'did you mean "hnsw"?' },
  { words: ["--index", "hnsw", "--ef-serch", "3"], code: "E_OPTION", says: "Did you mean --ef-search?" },
  { words: ["--index", "hnsw", "--index.m", "1"], code: "E_OPTION", says: "--index.m" },
  { words: ["--index", "usearch", "--index.stored", "i8", "--similarity", "dot"], code: "E_OPTION", says: "the metric ip needs lengths" },
  { words: ["--index", "sqlite", "--similarity", "dot"], code: "E_OPTION", says: "index sqlite metric" },
  { words: ["--index", "pgvector", "--index.url", "postgresql://127.0.0.1:9/none"], code: "E_SERVER", says: "cannot be reached" },
])("$words: $code", async ({ words, code, says }) => {
  const { status, stderr } = await attune(["eval", ...base, "--data", world(), ...words]);
  expect(status).toBeGreaterThan(0);
  expect(stderr).toContain(code);
  expect(stderr).toContain(says);
});

test("an index where nothing is searched by vectors", async () => {
  const folder = world();
  const bm25 = await attune([
    "mine",
    "--device",
    "typescript",
    "--data",
    folder,
    "--split",
    "test",
    "--miner",
    "bm25",
    "--index",
    "hnsw",
    "--output",
    join(folder, "x"),
  ]);
  expect(bm25.stderr).toContain("--index hnsw is not used by this miner");
  const pairs = folderWith({ "pairs.tsv": "sentence1\tsentence2\tscore\nred\tblue\t1\nsun\tmoon\t2\n" });
  const sts = await attune(["eval", ...base, "--data", join(pairs, "pairs.tsv"), "--index", "hnsw"]);
  expect(sts.stderr).toContain("--index hnsw is not used by this evaluator");
});
