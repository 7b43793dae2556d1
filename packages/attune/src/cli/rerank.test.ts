import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { openSafetensors, writeSafetensors } from "@attune/formats";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const golden = new URL("../../../../fixtures/golden/", import.meta.url).pathname;
const crossEncoder = join(golden, "st/cross-encoder-new");

interface Case {
  readonly pairs: readonly (readonly [string, string])[];
  readonly predict: readonly number[];
  readonly rank: { query: string; documents: string[]; expected: { corpus_id: number; score: number }[] };
}

const { rank, pairs, predict } = JSON.parse(readFileSync(join(golden, "st-cases/cross-encoder-new/case.json"), "utf8")) as Case;
const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const readLines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const run = (command: string, ...words: string[]) => attune([command, "--device", "typescript", ...words]);
const rerank = (...words: string[]) => run("rerank", ...words);

const documents = ["the captain", "seven blue lamps", "a quiet student", "the river near the station"];

/** A search folder, and a run over it in which each query has all documents in reverse. */
function world(): { folder: string; path(name: string): string } {
  const folder = folderWith({
    "corpus.jsonl": lines(documents.map((text, i) => ({ _id: `d${i}`, title: "", text }))),
    "queries.jsonl": lines([
      { _id: "q0", text: "who counted sugar?" },
      { _id: "q1", text: "why was the river carried?" },
    ]),
    "search.run": ["q0", "q1"].flatMap((query) => documents.map((_, i) => `${query} Q0 d${i} 1 ${i} x\n`)).join(""),
  });
  return { folder, path: (name) => join(folder, name) };
}

test("documents for a query, in the order and with the scores of sentence-transformers", async () => {
  const folder = folderWith({ "d.jsonl": lines(rank.documents.map((text, i) => ({ id: i, text }))) });
  const words = ["--model", crossEncoder, "--query", rank.query, "--documents", join(folder, "d.jsonl")];
  const { status, stdout, stderr } = await rerank(...words, "--json");
  expect(status, stderr).toBe(0);
  const { results, ...rest } = JSON.parse(stdout) as {
    results: { rank: number; index: number; id: string; score: number; text: string }[];
  };
  expect(rest).toMatchObject({ documents: rank.documents.length, scale: "cross-encoder", precision: "fp32" });
  expect(results.map(({ index }) => index)).toEqual(rank.expected.map(({ corpus_id: index }) => index));
  results.forEach(({ rank: place, index, id, score, text }, i) => {
    expect({ place, id, text }).toEqual({ place: i + 1, id: String(index), text: rank.documents[index] });
    expect(score).toBeCloseTo(rank.expected[i].score, 6);
  });

  // The best three, for a person, and in a file.
  const shown = await rerank(...words, "--top-k", "3");
  expect(shown.stdout.split("\n")).toHaveLength(4);
  expect(shown.stdout).toMatch(new RegExp(`^   1    ${rank.expected[0].score.toFixed(4)}  `));
  const output = join(folder, "ranked.jsonl");
  expect(await rerank(...words, "--top-k", "3", "--output", output)).toMatchObject({ status: 0, stdout: "" });
  expect(readLines(output)).toEqual(results.slice(0, 3));
  expect(await rerank(...words, "--output", output)).toMatchObject({ status: 1, stderr: expect.stringContaining("E_OUTPUT") });
});

test("an embedding model scores by its vectors", async () => {
  const { path } = world();
  const words = ["--query", "the captain", "--documents", path("corpus.jsonl"), "--query-prompt", "", "--document-prompt", "", "--json"];
  const cosine = JSON.parse((await rerank("--model", tinyModel, ...words)).stdout) as {
    scale: string;
    results: { id: string; score: number }[];
  };
  expect(cosine).toMatchObject({ scale: "cosine", results: [{ id: "d0", score: expect.closeTo(1, 5) }, {}, {}, {}] });
  const dot = JSON.parse((await rerank("--model", join(golden, "st/bert-dense-new"), ...words)).stdout) as object;
  expect(dot).toMatchObject({ scale: "dot" });
});

test("a run: the hits of a search in a new order, measured where there are judgements", async () => {
  const { folder, path } = world();
  const words = ["--model", crossEncoder, "--run", path("search.run"), "--data", folder];
  const plain = await rerank(...words);
  expect(plain.status, plain.stderr).toBe(0);
  const hits = plain.stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  expect(hits).toHaveLength(8);
  expect(hits.map(([query, , , place]) => `${query} ${place}`)).toEqual(
    ["q0", "q1"].flatMap((query) => [1, 2, 3, 4].map((place) => `${query} ${place}`)),
  );
  const scoresOf = (query: string) => hits.filter(([id]) => id === query).map(([, , , , score]) => Number(score));
  for (const query of ["q0", "q1"]) expect(scoresOf(query)).toEqual(scoresOf(query).toSorted((a, b) => b - a));
  expect(plain.stderr).not.toContain("nDCG");

  // Relevant is what the model puts first, which is the last that the search found: the second stage wins all there is.
  const best = (query: string): string => hits.find(([id]) => id === query)![2];
  mkdirSync(path("qrels"));
  writeFileSync(path("qrels/test.tsv"), `query-id\tcorpus-id\tscore\nq0\t${best("q0")}\t1\nq1\t${best("q1")}\t1\n`);
  const measured = await rerank(...words, "--output", path("out.run"), "--json");
  const result = JSON.parse(measured.stdout) as { metrics: { base: Record<string, number>; reranked: Record<string, number> } };
  expect(result).toMatchObject({ queries: 2, pairs: 8, depth: 100, metrics: { reranked: { "ndcg@10": 1, "mrr@10": 1 } } });
  expect(result.metrics.base["mrr@10"]).toBeLessThan(1);
  expect(measured.stderr).toMatch(/nDCG@10 0\.\d+ -> 1\.000 \(\+0\.\d+\)/);
  expect(readFileSync(path("out.run"), "utf8")).toBe(plain.stdout);

  // What is written is cut, what is measured is not; a judgement that comes twice is one, as attune eval has it.
  writeFileSync(path("qrels/test.tsv"), documents.map((_, i) => `q0\td${i}\t1\n`).join("") + "q0\td0\t1\n");
  const cut = await rerank(...words, "--top-k", "1", "--output", path("one.run"), "--json");
  const { metrics } = JSON.parse(cut.stdout) as typeof result;
  expect(metrics.reranked).toEqual(metrics.base);
  expect(metrics.base).toMatchObject({ "recall@10": 1 });
  expect(readFileSync(path("one.run"), "utf8").trim().split("\n")).toHaveLength(2);

  // What is not scored stays where it was: a relevant document there counts for both.
  writeFileSync(path("qrels/test.tsv"), "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td0\t1\n");
  const shallow = await rerank(...words, "--depth", "2", "--output", path("shallow.run"), "--json");
  const two = JSON.parse(shallow.stdout) as typeof result;
  expect(two).toMatchObject({ pairs: 4, depth: 2, metrics: { base: { "mrr@10": 0.25, "recall@10": 1 } } });
  expect(two.metrics.reranked).toEqual(two.metrics.base);
  expect(readFileSync(path("shallow.run"), "utf8").trim().split("\n")).toHaveLength(8);

  // Judgements of other queries are told before anything is scored.
  writeFileSync(path("qrels/dev.tsv"), "q9\td0\t1\n");
  const unjudged = await rerank(...words, "--split", "dev", "--output", path("none.run"));
  expect(unjudged).toMatchObject({ status: 1, stderr: expect.stringMatching(/E_EMPTY .*dev\.tsv judges no query of the run/) });
  expect(existsSync(path("none.run"))).toBe(false);

  // Of each query's two best hits, the better one.
  await rerank(...words, "--depth", "2", "--top-k", "1", "--output", path("out.run"), "--overwrite");
  const few = readFileSync(path("out.run"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("\t")[2]);
  expect(few).toHaveLength(2);
  for (const document of few) expect(["d3", "d2"]).toContain(document);
});

const E_OPTION = { code: "E_OPTION", status: 2 };
test.each<{ words: string[]; code: string; status?: number; says: string }>([
  { words: [], ...E_OPTION, says: "--query is missing" },
  { words: ["--query", "a"], ...E_OPTION, says: "--documents is missing" },
  { words: ["--query", " ", "--documents", "D"], ...E_OPTION, says: "--query is empty" },
  { words: ["--documents", "D"], ...E_OPTION, says: "--query is missing" },
  { words: ["--run", "R"], ...E_OPTION, says: "--data is missing" },
  { words: ["--data", "F"], ...E_OPTION, says: "--run is missing" },
  { words: ["--run", "R", "--data", "F", "--query", "a"], ...E_OPTION, says: "--query does not go with --run and --data" },
  { words: ["--query", "a", "--documents", "D", "--depth", "3"], ...E_OPTION, says: "--depth is for --run and --data" },
  { words: ["--run", "R", "--data", "F", "--json"], ...E_OPTION, says: "--json needs --output" },
  { words: ["--query", "a", "--documents", "D", "--document-prompt", "p"], ...E_OPTION, says: "--document-prompt is for embedding models" },
  { words: ["--query", "a", "--documents", "none.txt"], code: "E_NO_FILE", says: "none.txt does not exist" },
  {
    words: ["--query", "a", "--documents", "D", "--column", "body"],
    code: "E_LAYOUT",
    says: 'expected a column "body", got the columns _id, title, text',
  },
  { words: ["--query", "a", "--documents", "D", "--max-length", "41"], code: "E_TOO_LONG", says: "--max-length expected at most 40" },
  { words: ["--run", "R", "--data", "F", "--split", "dev"], code: "E_NO_FILE", says: "qrels/dev.tsv does not exist" },
  { words: ["--run", "other.run", "--data", "F"], code: "E_ID", says: 'other.run has the document "d9", which' },
  { words: ["--model", "CLASSIFIER", "--query", "a", "--documents", "D"], code: "E_LABELS", says: "got 2 labels: no, yes" },
  { words: ["--model", "none", "--query", "a", "--documents", "D"], code: "E_MODEL_FOLDER", says: "none does not exist" },
])("$code: $says", async ({ words, code, status = 1, says }) => {
  const { folder, path } = world();
  writeFileSync(path("other.run"), "q0 Q0 d9 1 1 x\n");
  const named: Record<string, string> = {
    D: path("corpus.jsonl"),
    R: path("search.run"),
    F: folder,
    "other.run": path("other.run"),
    none: path("none"),
    CLASSIFIER: code === "E_LABELS" ? await classifier() : "",
  };
  const given = words.includes("--model") ? [] : ["--model", crossEncoder];
  const outcome = await rerank(...given, ...words.map((word) => named[word] ?? word));
  expect(outcome).toMatchObject({ status, stdout: "" });
  expect(outcome.stderr).toContain(`error ${code}  `);
  expect(outcome.stderr).toContain(says);
});

test("a score that is no number is an error with its pair", async () => {
  const { folder, path } = world();
  const broken = await reweighted((name, data) => (name === "classifier.bias" ? data.fill(NaN) : data));
  writeFileSync(path("lists.jsonl"), lines([{ query: "q", positive: "a", documents: ["b", "a"] }]));
  for (const words of [
    ["rerank", "--query", "q", "--documents", path("corpus.jsonl")],
    ["rerank", "--run", path("search.run"), "--data", folder],
    ["eval", "--data", path("lists.jsonl")],
  ]) {
    const outcome = await run(words[0], "--model", broken, ...words.slice(1));
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/error E_NON_FINITE {2}score of ".+" with ".+" is NaN/);
  }
});

/** The golden cross-encoder with two labels. */
async function classifier(): Promise<string> {
  const folder = await reweighted((name, data) => (name.startsWith("classifier.") ? Float32Array.of(...data, ...data) : data));
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, id2label: { 0: "no", 1: "yes" } }));
  return folder;
}

/** The golden cross-encoder with other weights, of as many rows as they are long. */
async function reweighted(change: (name: string, data: Float32Array) => Float32Array): Promise<string> {
  const folder = folderWith();
  cpSync(join(golden, "st/cross-encoder-legacy"), folder, { recursive: true });
  const files = createNodeFiles();
  const weights = await openSafetensors(files, join(folder, "model.safetensors"));
  const tensors = await Promise.all(
    weights.names.map(async (name) => {
      const before = await weights.readF32(name);
      const [rows, ...rest] = weights.info(name).shape;
      const count = before.length;
      const data = change(name, before);
      return { name, dtype: "F32" as const, shape: [(rows * data.length) / count, ...rest], data };
    }),
  );
  await writeSafetensors(files, join(folder, "model.safetensors"), tensors);
  return folder;
}

test("score: a cross-encoder as the teacher", async () => {
  const folder = folderWith({
    "rows.jsonl": lines(pairs.slice(0, 4).map(([query, text]) => ({ query, pos: [text], neg: ["the captain"] }))),
  });
  const output = join(folder, "scored.jsonl");
  const { status, stdout, stderr } = await run(
    "score",
    "--model",
    crossEncoder,
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    output,
    "--json",
  );
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ rows: 4, pairs: 8 });
  readLines(output).forEach(({ pos_scores: scores }, i) => expect((scores as number[])[0]).toBeCloseTo(predict[i], 6));
});

test("mine: a cross-encoder's scores replace those of the miner, for candidates and positives", async () => {
  const { path } = world();
  writeFileSync(path("rows.jsonl"), lines([{ query: "who counted the captain near the river?", pos: ["the captain"] }]));
  const base = ["--data", path("rows.jsonl"), "--corpus", path("corpus.jsonl"), "--miner", "bm25", "--negatives", "3", "--range", "0-3"];
  const mined = await run("mine", ...base, "--reranker", crossEncoder, "--output", path("mined.jsonl"), "--json");
  expect(mined.status, mined.stderr).toBe(0);
  expect(mined.stderr).toMatch(/rescored {2}\d pairs by/);
  const [row] = readLines(path("mined.jsonl")) as { neg: string[]; neg_scores: number[]; pos_scores: number[] }[];
  const ranked = await rerank(
    "--model",
    crossEncoder,
    "--query",
    "who counted the captain near the river?",
    "--documents",
    path("corpus.jsonl"),
    "--json",
  );
  const { results } = JSON.parse(ranked.stdout) as { results: { text: string; score: number }[] };
  const scoreOf = (text: string): number => results.find((one) => one.text === text)!.score;
  expect(row.pos_scores[0]).toBeCloseTo(scoreOf("the captain"), 6);
  expect(row.neg.length).toBeGreaterThan(0);
  row.neg.forEach((text, i) => expect(row.neg_scores[i]).toBeCloseTo(scoreOf(text), 6));
  expect(row.neg_scores).toEqual(row.neg_scores.toSorted((a, b) => b - a));

  for (const [words, code, says] of [
    [["--reranker", tinyModel], "E_MODEL_FOLDER", "describes a SentenceTransformer, not a cross-encoder"],
    [["--reranker-max-length", "8"], "E_OPTION", "--reranker-max-length is for --reranker"],
  ] as const) {
    const outcome = await run("mine", ...base, ...words, "--output", path("other.jsonl"));
    expect(outcome.stderr).toContain(`error ${code}  `);
    expect(outcome.stderr).toContain(says);
    expect(existsSync(path("other.jsonl"))).toBe(false);
  }
});

test("eval: a cross-encoder by the lists that it orders", async () => {
  const lists = rank.expected
    .slice(0, 2)
    .map(({ corpus_id: best }) => ({ query: rank.query, positive: rank.documents[best], documents: rank.documents }));
  const folder = folderWith({ "lists.jsonl": lines(lists) });
  const words = ["--model", crossEncoder, "--data", join(folder, "lists.jsonl")];
  const { status, stdout, stderr } = await run("eval", ...words, "--json");
  expect(status, stderr).toBe(0);
  // One list has its relevant document first, the other one second.
  expect(JSON.parse(stdout)).toMatchObject({
    metrics: { map: 0.75, "mrr@10": 0.75 },
    evaluator: "reranking",
    primary: "ndcg@10",
    pairs: 16,
  });
  const wrong = await run("eval", ...words, "--evaluator", "sts");
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("--evaluator sts measures embeddings") });
  const embedded = await run("eval", "--model", tinyModel, "--data", join(folder, "lists.jsonl"), "--evaluator", "reranking", "--json");
  expect(JSON.parse(embedded.stdout)).toMatchObject({ metrics: { base_map: expect.any(Number) as number } });
  expect(embedded.stderr).not.toContain("left out");
  writeFileSync(join(folder, "lists.jsonl"), lines([...lists, { query: "q", positive: "a", documents: ["b", "c"] }]));
  const measured = ["--data", join(folder, "lists.jsonl"), "--evaluator", "reranking", "--always-rerank-positives", "false"];
  const fewer = await run("eval", "--model", tinyModel, ...measured);
  expect(fewer.stderr).toContain("note      reranking: 1 of 3 lists left out: nothing relevant in them, or nothing else\n");
  expect((await run("eval", "--model", crossEncoder, ...measured)).stderr).not.toContain("left out"); // it counts as 0
  const plain = [...measured.slice(0, 4), "--no-evaluator.always-rerank-positives"];
  expect((await run("eval", "--model", tinyModel, ...plain)).stdout).toBe(fewer.stdout);
});

test("eval: a cross-encoder is measured on no folder, and on no data where every order is right", async () => {
  const { folder, path } = world();
  for (const words of [[], ["--split", "test"], ["--evaluator", "reranking"], ["--compare", tinyModel]]) {
    const outcome = await run("eval", "--model", crossEncoder, "--data", folder, ...words);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toContain(`--data ${folder} is a folder to search in, and ${crossEncoder} is a cross-encoder`);
    expect(outcome.stderr).toContain(`attune eval --model EMBEDDER --data ${folder} --reranker ${crossEncoder}`);
  }
  writeFileSync(path("pairs.jsonl"), lines(pairs.slice(0, 4).map(([query, text]) => ({ query, pos: [text] }))));
  expect(await run("eval", "--model", crossEncoder, "--data", path("pairs.jsonl"))).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("E_EMPTY  reranking has no list with both relevant and other documents"),
  });
});

test("encode, and a cross-encoder where an embedding model is meant", async () => {
  const folder = folderWith({ "in.txt": "a\n" });
  const outcome = await run("encode", "--model", crossEncoder, "--input", join(folder, "in.txt"));
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(outcome.stderr).toMatch(/E_MODEL_FOLDER .* describes a cross-encoder[^]*Hint: .*attune rerank/);
});
