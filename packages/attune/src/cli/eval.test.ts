import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, tinyModel } from "../../test/cli.ts";

const evaluate = (...words: string[]) => attune(["eval", "--model", tinyModel, "--device", "typescript", ...words]);

function beir(): string {
  const documents = ["red sun", "blue moon", "old tree"];
  const folder = folderWith({
    "corpus.jsonl": documents.map((text, i) => `${JSON.stringify({ _id: `d${i}`, title: "", text })}\n`).join(""),
    "queries.jsonl": documents.map((text, i) => `${JSON.stringify({ _id: `q${i}`, text })}\n`).join(""),
  });
  mkdirSync(join(folder, "qrels"));
  for (const split of ["test", "dev"])
    writeFileSync(join(folder, "qrels", `${split}.tsv`), documents.map((_, i) => `q${i}\td${i}\t1\n`).join(""));
  return folder;
}

test("a BEIR folder is retrieval: a table, or one object", async () => {
  const folder = beir();
  const table = await evaluate("--data", folder);
  expect(table.stdout.split("\n").slice(0, 2)).toEqual([
    "                 @1      @5     @10    @100",
    "  nDCG       1.0000  1.0000  1.0000  1.0000",
  ]);
  const { stdout } = await evaluate("--data", folder, "--split", "dev", "--k", "1,3", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    evaluator: "retrieval",
    primary: "ndcg@1",
    metrics: { "ndcg@1": 1, "recall@3": 1 },
    options: { split: "dev", k: [1, 3], similarity: "cosine" },
  });
});

test("a file of scored pairs is similarity, its columns mapped", async () => {
  const folder = folderWith({ "pairs.tsv": "a\tb\thow\nred sun\tred sun\t5\nred sun\tblue moon\t1\nold tree\tthe old tree\t4\n" });
  const { stdout } = await evaluate("--data", join(folder, "pairs.tsv"), "--columns", "sentence1=a,sentence2=b,score=how", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ evaluator: "sts", metrics: { spearman_cosine: expect.closeTo(1, 9) as number } });
});

const judged = "q1 0 d1 1\nq1 0 d2 1\nq2 0 d1 1\nq3 0 d9 1\n";
const found = "q1 Q0 d3 1 0.9 t\nq1 Q0 d2 2 0.8 t\nq2 Q0 d1 1 0.7 t\nq7 Q0 d1 1 0.7 t\n";

test("a run made elsewhere, by each convention", async () => {
  const folder = folderWith({ "a.run": found, "a.qrels": judged });
  const score = (...words: string[]) => attune(["eval", "--run", join(folder, "a.run"), "--qrels", join(folder, "a.qrels"), ...words]);
  const { status, stdout, stderr } = await score("--k", "1,10", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    metrics: { "mrr@10": 0.75, "map@10": 0.625, "recall@10": 0.75, "precision@1": 0.5, "ndcg@1": 0.5, "precision@10": 0.1 },
    convention: "pytrec_eval",
    queries: { judged: 3, scored: 2, withoutHits: 1, withoutJudgements: 1 },
  });
  expect(stderr).toContain('1 judged query has no hits, the first is "q3": left out of the means');
  const st = JSON.parse((await score("--k", "10", "--convention", "sentence-transformers", "--json")).stdout) as { metrics: object };
  expect(st.metrics).toMatchObject({ "mrr@10": 0.5, "accuracy@10": expect.closeTo(2 / 3, 12) as number });
  const fe = JSON.parse((await score("--k", "10", "--convention", "flagembedding", "--json")).stdout) as { metrics: object };
  expect(fe.metrics).toMatchObject({ "mrr@10": 0.5, "recall@10": 0.75, "recall_cap@10": 0.5 });
  expect((await score("--k", "1,10")).stdout).toBe(
    [
      "                 @1     @10",
      "  nDCG       0.5000  0.6934",
      "  MAP        0.5000  0.6250",
      "  MRR        0.5000  0.7500",
      "  recall     0.5000  0.7500",
      "  precision  0.5000  0.1000",
      "",
    ].join("\n"),
  );
});

test.each([
  {
    run: found,
    qrels: "x 0 d1 1\n",
    code: "E_EMPTY",
    says: 'no query has both judgements and hits.\n  Hint: the first judged query is "x"',
  },
  { run: "q1 d1\n", qrels: judged, code: "E_ROW", says: "a.run:1 expected query, Q0, document, rank, score and tag" },
  { run: found, qrels: "q1 0 d1 high\nq1 0 d2 high\n", code: "E_ROW", says: 'a.qrels:2 "relevance" expected a number, got "high"' },
  { run: `${found}q1 Q0 d2 3 0.1 t\n`, qrels: judged, code: "E_ROW", says: 'a.run:5 expected each document once for the query "q1"' },
])("a bad run or bad judgements: $code", async ({ run, qrels, code, says }) => {
  const folder = folderWith({ "a.run": run, "a.qrels": qrels });
  const { status, stdout, stderr } = await attune(["eval", "--run", join(folder, "a.run"), "--qrels", join(folder, "a.qrels"), "--json"]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(`error ${code}  `);
  expect(stderr).toContain(says);
});

test("a run needs its judgements, and a convention that exists", async () => {
  const words = ["eval", "--run", "a.run"];
  expect(await attune(words)).toMatchObject({ status: 2, stderr: expect.stringContaining("E_OPTION  --qrels is missing") });
  expect(await attune([...words, "--qrels", "q", "--convention", "trec"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('expected one of "pytrec_eval"|"sentence-transformers"|"flagembedding": got "trec"'),
  });
});

test("--save-run writes what --run reads, with the same figures", async () => {
  const folder = beir();
  const path = join(folder, "tiny.run");
  const measured = await evaluate("--data", folder, "--save-run", path, "--json");
  expect(readFileSync(path, "utf8").split("\n")[0]).toMatch(
    /^q0\tQ0\td0\t1\t1(\.0\d*)?\tbert-mean-new$|^q0\tQ0\td0\t1\t0\.9\d*\tbert-mean-new$/,
  );
  const scored = await attune(["eval", "--run", path, "--qrels", join(folder, "qrels/test.tsv"), "--json"]);
  const metricsOf = ({ stdout }: { stdout: string }): unknown => (JSON.parse(stdout) as { metrics: unknown }).metrics;
  expect(metricsOf(scored)).toEqual(metricsOf(measured));
  writeFileSync(join(folder, "pairs.tsv"), "sentence1\tsentence2\tscore\na\tb\t1\nc\td\t2\n");
  expect(await evaluate("--data", join(folder, "pairs.tsv"), "--save-run", path, "--overwrite")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--save-run has nothing to save: sts ranks no documents"),
  });
  expect(await evaluate("--data", folder, "--save-run", join(folder, "none", "a.run"))).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/E_OUTPUT {2}.*a.run cannot be written: .*none does not exist/),
  });
});

test("errors", async () => {
  const folder = beir();
  expect(await evaluate("--data", folder, "--split", "train")).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/E_NO_FILE {2}.*train.tsv does not exist.\n {2}Hint: the folder has the splits: dev, test/),
  });
  expect(await evaluate("--data", folder, "--splt", "dev")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("Did you mean --split?"),
  });
  for (const [words, says] of [
    [["--dta", folder], "Did you mean --data?"],
    [["--foo"], "--foo: no such option."],
    [[], "--data is missing"],
    [["--k", "3"], "--data is missing"],
    [["--data", folder, "--depth", "3", "--k", "10"], "--depth 3 is below 10, the largest cut-off"],
  ] as const)
    expect(await evaluate(...words), says).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(says) });
  expect(await evaluate("--data", folder, "--evaluator", "retrieva")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('did you mean "retrieval"?'),
  });
});
