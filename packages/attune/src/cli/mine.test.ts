import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { writeNpy } from "@attune/formats";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel, type Outcome } from "../../test/cli.ts";

const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const readLines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const documents = ["red sun", "blue moon", "old tree", "red moon", "blue sun", "a road by the water", "fire", "wind and water"];
const asked = [
  { query: "what is red", pos: ["red sun"] },
  { query: "what is blue", pos: ["blue moon"] },
];

/** Rows and a corpus, with vectors that are given: the cosine of query 0 falls with the document's number, that of query 1 rises. */
async function world(): Promise<{ folder: string; path(name: string): string; vectors: string[] }> {
  const folder = folderWith({ "rows.jsonl": lines(asked), "corpus.jsonl": lines(documents.map((text) => ({ text }))) });
  const path = (name: string): string => join(folder, name);
  const angles = documents.map((_, i) => (i / documents.length) * (Math.PI / 2));
  const npy = (name: string, rows: readonly number[][]): Promise<unknown> =>
    writeNpy(createNodeFiles(), path(name), { shape: [rows.length, rows[0].length], data: Float32Array.from(rows.flat()) });
  await npy("q.npy", [
    [1, 0],
    [0, 1],
  ]);
  await npy(
    "c.npy",
    angles.map((angle) => [Math.cos(angle), Math.sin(angle)]),
  );
  await npy("wide.npy", [
    [1, 0, 0],
    [0, 1, 0],
  ]);
  await npy("short.npy", [[1, 0]]);
  return { folder, path, vectors: ["--query-embeddings", path("q.npy"), "--corpus-embeddings", path("c.npy")] };
}

const mine = (words: readonly string[]): Promise<Outcome> => attune(["mine", "--device", "typescript", ...words]);

test("vectors made elsewhere: the ranks are those of the vectors", async () => {
  const { path, vectors } = await world();
  const base = ["--data", path("rows.jsonl"), "--corpus", path("corpus.jsonl"), ...vectors, "--negatives", "2"];
  const { status, stdout, stderr } = await mine([...base, "--output", path("mined.jsonl"), "--json"]);
  expect(status, stderr).toBe(0);
  const report = JSON.parse(stdout) as object;
  expect(report).toMatchObject({ rows: 2, encoded: 0, report: { queries: 2, documents: 8, negatives: 4, queriesWithNone: 0 } });
  const mined = readLines(path("mined.jsonl"));
  expect(mined.map(({ neg }) => neg)).toEqual([
    ["blue moon", "old tree"],
    ["wind and water", "fire"],
  ]);
  expect(mined[0]).toMatchObject({ query: "what is red", pos: ["red sun"], pos_scores: [1] });
  expect((mined[0].neg_scores as number[])[0]).toBeCloseTo(Math.cos(Math.PI / 16), 6);

  // Ranks 1 to 3 of what is left, as triplets; and the report for a person.
  const triplets = await mine([...base, "--range", "1-3", "--format", "triplet", "--output", path("triplets.jsonl")]);
  expect(triplets.stdout).toMatch(/^queries {5}2: 2 with all 2 negatives/);
  expect(readLines(path("triplets.jsonl")).map(({ negative }) => negative)).toEqual([
    "old tree",
    "red moon",
    "fire",
    "a road by the water",
  ]);
  // Nothing may score above half of the positive's: fewer are left, which is said and no error.
  const short = await mine([...base, "--relative-margin", "0.5", "--output", path("short.jsonl"), "--json"]);
  expect(JSON.parse(short.stdout)).toMatchObject({ report: { queriesShort: 1, queriesWithNone: 0, negatives: 3 } });
});

test("--report: a page with counts, margins, suspects and settings; what is in doubt is said", async () => {
  const { path, vectors } = await world();
  writeFileSync(path("rows.jsonl"), `${lines([{ query: "what is <b>red</b>", pos: ["old tree"] }])}{"query": "", "pos": []}\n`);
  const base = ["--data", path("rows.jsonl"), "--corpus", path("corpus.jsonl"), "--skip-bad-rows", "--negatives", "3"];
  const given = [...vectors.with(1, path("short.npy")), "--relative-margin", "0.05", "--report", path("mined.html")];
  const { status, stderr, stdout } = await mine([...base, ...given, "--output", path("mined.jsonl"), "--json"]);
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining(`report    ${path("mined.html")}`) });
  expect(JSON.parse(stdout)).toMatchObject({ page: path("mined.html"), bad: { count: 1, first: expect.stringContaining("rows.jsonl:2") } });
  const html = readFileSync(path("mined.html"), "utf8");
  expect([...html.matchAll(/<section id="([a-z]+)">/g)].map(([, id]) => id)).toEqual([
    "warnings",
    "negatives",
    "margins",
    "suspects",
    "settings",
  ]);
  for (const said of [
    "1 bad row was left out; the first: ",
    "<strong>3 negatives</strong>for 1 query",
    "relative margin</th><td>2</td>",
    "2 candidates of 1 query (100 %) score above a marked answer",
    '<p class="query">what is &lt;b&gt;red&lt;/b&gt;</p>',
    'red sun <span class="fate">left out: relative margin</span>',
  ])
    expect(html.includes(said), said).toBe(true);

  const none = await mine([...base, ...given, "--max-score", "-1", "--output", path("mined.jsonl"), "--overwrite"]);
  const doubt = "1 of 1 query found no negative: most candidates were left out by --max-score";
  expect(none.stderr).toContain(`warning   ${doubt}`);
  expect(readFileSync(path("mined.html"), "utf8").includes(doubt)).toBe(true);
});

test("told to stop, it says what is kept, and the same command goes on", async () => {
  const { path } = await world();
  const base = ["mine", "--device", "typescript", "--data", path("rows.jsonl"), "--model", tinyModel, "--output", path("mined.jsonl")];
  const stopped = (more: readonly string[]) =>
    attune([...base, ...more], { signal: AbortSignal.abort(new DOMException("", "AbortError")) });
  expect(await stopped(["--cache", path("vectors")])).toMatchObject({
    status: 130,
    stderr: expect.stringContaining(`stopped   no rows are written; the same command goes on from the vectors in ${path("vectors")}`),
  });
  expect((await stopped([])).stderr).toContain("--cache FOLDER would have kept the vectors");
  expect(existsSync(path("mined.jsonl"))).toBe(false);
});

test("a model, with a cache: the second run encodes nothing; the data's own texts are the corpus", async () => {
  const { path } = await world();
  writeFileSync(path("rows.jsonl"), lines(asked.map((row) => ({ ...row, neg: documents.slice(2) }))));
  const base = ["--data", path("rows.jsonl"), "--model", tinyModel, "--cache", path("vectors"), "--negatives", "3"];
  const first = await mine([...base, "--output", path("a.jsonl"), "--json"]);
  expect(JSON.parse(first.stdout)).toMatchObject({ encoded: 10, rows: 2, report: { documents: 8, negatives: 6 }, precision: "fp32" });
  expect(first.stderr).toContain("10 texts encoded");
  const second = await mine([...base, "--absolute-margin", "0.1", "--output", path("b.jsonl"), "--json"]);
  expect(JSON.parse(second.stdout)).toMatchObject({ encoded: 0, rows: 2 });
  expect(second.stderr).toContain("0 texts encoded");
  // Another prompt, or another length, is another vector.
  const prompted = await mine([...base, "--document-prompt", "passage: ", "--output", path("c.jsonl"), "--json"]);
  expect(JSON.parse(prompted.stdout)).toMatchObject({ encoded: 8 });
  const cut = await mine([...base, "--max-length", "8", "--output", path("d.jsonl"), "--json"]);
  expect(JSON.parse(cut.stdout)).toMatchObject({ encoded: 10 });
});

test("bm25 needs no vectors; a document that is the query stays only when asked for", async () => {
  const { path } = await world();
  writeFileSync(path("corpus.jsonl"), lines([...documents, "what is red"].map((text) => ({ text }))));
  const base = ["--data", path("rows.jsonl"), "--corpus", path("corpus.jsonl"), "--miner", "bm25", "--negatives", "1"];
  for (const [more, expected] of [
    [[], "red moon"],
    [["--keep-query-text"], "what is red"],
  ] as const) {
    expect(await mine([...base, ...more, "--output", path("mined.jsonl"), "--overwrite"])).toMatchObject({ status: 0 });
    expect(readLines(path("mined.jsonl"))[0].neg).toEqual([expected]);
  }
});

test("a BEIR folder brings its corpus, and has splits", async () => {
  const folder = folderWith({
    "corpus.jsonl": lines(documents.map((text, i) => ({ _id: `d${i}`, title: "", text }))),
    "queries.jsonl": lines(asked.map(({ query }, i) => ({ _id: `q${i}`, text: query }))),
  });
  const files = createNodeFiles();
  await files.makeFolder(join(folder, "qrels"));
  await files.write(join(folder, "qrels", "dev.tsv"), "q0\td0\t1\nq1\td1\t1\n");
  const out = join(folder, "mined.jsonl");
  expect(await mine(["--data", folder, "--split", "dev", "--miner", "bm25", "--output", out])).toMatchObject({ status: 0 });
  expect(readLines(out).map(({ id, neg }) => [id, neg])).toEqual([
    ["q0", ["red moon"]],
    ["q1", ["blue sun"]],
  ]);
});

const E_OPTION = { code: "E_OPTION", status: 2 };
test.each<{ more: string[]; code: string; status?: number; says: string }>([
  {
    more: ["--corpus", "C", "--query-embeddings", "wide.npy", "--corpus-embeddings", "c.npy"],
    code: "E_VECTORS",
    says: "query embeddings expected 2 dimensions, as those of the corpus, got 3",
  },
  {
    more: ["--corpus", "C", "--query-embeddings", "short.npy", "--corpus-embeddings", "c.npy"],
    code: "E_VECTORS",
    says: "expected 2 vectors, one per row of the data, got 1",
  },
  {
    more: ["--corpus", "C", "--query-embeddings", "q.npy", "--corpus-embeddings", "none.npy"],
    code: "E_NO_FILE",
    says: "none.npy does not exist",
  },
  {
    more: ["--corpus", "C", "--query-embeddings", "q.npy", "--corpus-embeddings", "rows.jsonl"],
    code: "E_NPY",
    says: "rows.jsonl expected a .npy file",
  },
  { more: ["--corpus", "none.jsonl", "--miner", "bm25"], code: "E_NO_FILE", says: "none.jsonl does not exist" },
  { more: ["--data", "none.jsonl", "--miner", "bm25"], code: "E_NO_FILE", says: "none.jsonl does not exist" },
  { more: ["--miner", "bm25", "--output", "rows.jsonl", "--overwrite"], ...E_OPTION, says: "--output is the file of --data, " },
  { more: ["--miner", "bm25", "--output", "none/mined.jsonl"], code: "E_OUTPUT", says: "none does not exist" },
  { more: ["--miner", "bm25", "--output", "c.npy"], code: "E_OUTPUT", says: "c.npy exists.\n  Hint: --overwrite replaces it" },
  { more: ["--miner", "bm25", "--report", "mined.jsonl"], ...E_OPTION, says: "--report is the file of --output" },
  { more: ["--miner", "bm25", "--report", "none/page.jsonl"], code: "E_OUTPUT", says: "none does not exist" },
  { more: ["--model", tinyModel, "--range", "50-10"], ...E_OPTION, says: "--range expected FROM to be below TO" },
  { more: ["--model", tinyModel, "--range", "ten"], ...E_OPTION, says: "--range expected FROM-TO, such as 10-50, or FROM-" },
  { more: ["--model", tinyModel, "--negatives", "0"], ...E_OPTION, says: "--negatives expected number to be >=1" },
  { more: [], ...E_OPTION, says: "--model is missing.\n  Hint: or give --query-embeddings and --corpus-embeddings" },
  { more: ["--corpus", "C", "--query-embeddings", "q.npy"], ...E_OPTION, says: "--corpus-embeddings is missing" },
  { more: ["--query-embeddings", "q.npy", "--corpus-embeddings", "c.npy"], ...E_OPTION, says: "--corpus is missing" },
  { more: ["--model", tinyModel, "--query-embeddings", "q.npy"], ...E_OPTION, says: "two sources of vectors" },
  { more: ["--model", tinyModel, "--miner", "bm25"], ...E_OPTION, says: "--model is not used by the miner bm25" },
  { more: ["--miner", "bm25", "--cache", "x"], ...E_OPTION, says: "--cache is for --model" },
  { more: ["--miner", "bm25", "--split", "dev"], ...E_OPTION, says: "--split is for a BEIR folder" },
  { more: ["--model", tinyModel, "--miner.index", "hnws"], code: "E_UNKNOWN_PLUGIN", status: 2, says: 'did you mean "hnsw"?' },
  {
    more: ["--model", tinyModel, "--index", "hnsw", "--miner.index", "exact"],
    ...E_OPTION,
    says: "--index hnsw is given twice, by --miner.index",
  },
  { more: ["--miner", "bm52"], code: "E_UNKNOWN_PLUGIN", status: 2, says: 'did you mean "bm25"?' },
])("$code: $says", async ({ more, code, status = 1, says }) => {
  const { folder, path } = await world();
  const before = readdirSync(folder);
  const words = more.map((word) => (word === "C" ? path("corpus.jsonl") : /\.(npy|jsonl)$/.test(word) ? path(word) : word));
  const base = { "--data": path("rows.jsonl"), "--output": path("mined.jsonl") };
  const given = Object.entries(base).filter(([flag]) => !words.includes(flag));
  const outcome = await mine([...given.flat(), ...words]);
  expect(outcome).toMatchObject({ status, stdout: "" });
  expect(outcome.stderr).toContain(`error ${code}  `);
  expect(outcome.stderr).toContain(says);
  if (status === 2) expect(outcome.stderr, "told before the data are read").not.toContain("queries");
  expect(readdirSync(folder)).toEqual(before);
});

test("score: one of the files that a pattern means is not written over", async () => {
  const { path } = await world();
  const [data, before] = [path("row?.jsonl"), readFileSync(path("rows.jsonl"), "utf8")];
  const words = ["--model", tinyModel, "--data", data, "--output", path("rows.jsonl"), "--overwrite"];
  expect(await attune(["score", "--device", "typescript", ...words])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--output is the file of --data"),
  });
  expect(readFileSync(path("rows.jsonl"), "utf8")).toBe(before);
});

test("pairs with a score count as positives, which is said", async () => {
  const { path } = await world();
  const scored = asked.map(({ query, pos: [positive] }, i) => ({ anchor: query, positive, score: i }));
  writeFileSync(path("scored.jsonl"), lines(scored));
  const { stderr } = await mine(["--data", path("scored.jsonl"), "--miner", "bm25", "--output", path("mined.jsonl")]);
  expect(stderr).toMatch(/warning {3}2 pairs with a score count as positive, however low it is/);
});

test("score: a teacher's scores for lists, and in place of the labels of pairs", async () => {
  const { path } = await world();
  const score = (...words: string[]) => attune(["score", "--device", "typescript", "--model", tinyModel, ...words]);
  writeFileSync(path("rows.jsonl"), lines([{ id: "1", query: "red sun", pos: ["red sun"], neg: ["blue moon", "fire"], type: "normal" }]));
  const { status, stdout } = await score(
    "--data",
    path("rows.jsonl"),
    "--output",
    path("scored.jsonl"),
    "--query-prompt",
    "",
    "--document-prompt",
    "",
    "--json",
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ rows: 1, encoded: 4, bad: 0 });
  const [row] = readLines(path("scored.jsonl"));
  expect(row).toMatchObject({ id: "1", query: "red sun", neg: ["blue moon", "fire"], type: "normal", pos_scores: [expect.closeTo(1, 5)] });
  for (const value of row.neg_scores as number[]) expect(value).toBeLessThan(0.999);
  // What was written is read again, and scored to the same.
  await score("--data", path("scored.jsonl"), "--output", path("again.jsonl"), "--query-prompt", "", "--document-prompt", "");
  expect(readLines(path("again.jsonl"))).toEqual([row]);
  // With its own prompt a query is another text.
  writeFileSync(path("rows.jsonl"), lines([{ ...row, pos_scores: undefined, neg_scores: undefined, prompt: "find water: " }]));
  await score("--data", path("rows.jsonl"), "--output", path("own.jsonl"), "--document-prompt", "");
  expect((readLines(path("own.jsonl"))[0].pos_scores as number[])[0]).toBeLessThan(0.9999);

  writeFileSync(path("pairs.tsv"), "sentence1\tsentence2\tlabel\nred sun\tred sun\t0\nred sun\tfire\t1\n");
  await score("--data", path("pairs.tsv"), "--output", path("pairs.jsonl"), "--query-prompt", "", "--document-prompt", "");
  expect(readLines(path("pairs.jsonl"))[0]).toEqual({ sentence1: "red sun", sentence2: "red sun", score: expect.closeTo(1, 5) });
  expect(await score("--data", path("pairs.tsv"), "--output", path("pairs.jsonl"))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("E_OUTPUT"),
  });
});
