import { mkdirSync, writeFileSync } from "node:fs";
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
  expect(await evaluate("--data", folder, "--evaluator", "retrieva")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('did you mean "retrieval"?'),
  });
});
