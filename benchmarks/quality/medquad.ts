// MedQuAD as a task: node benchmarks/quality/medquad.ts pairs.jsonl OUT
// Split by focus, so that no disease is in both: sha1(focus) mod 10 == 0 is test. OUT/train.jsonl has the first 4,000 pairs of the rest,
// OUT/test (a BEIR folder) the questions and answers of the test split, equal texts once.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Pair {
  readonly focus: string;
  readonly question: string;
  readonly answer: string;
}

const TRAIN_PAIRS = 4000;

const [input, output] = process.argv.slice(2);
if (!output) throw new Error("usage: node benchmarks/quality/medquad.ts pairs.jsonl OUT");

const isTest = ({ focus }: Pair): boolean => BigInt(`0x${createHash("sha1").update(focus).digest("hex")}`) % 10n === 0n;
const pairs = readFileSync(input, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Pair);
const test = pairs.filter(isTest);
const train = pairs.filter((pair) => !isTest(pair)).slice(0, TRAIN_PAIRS);

/** An id for each different text. */
function idsOf(texts: readonly string[], prefix: string): Map<string, string> {
  return new Map([...new Set(texts)].map((text, i) => [text, `${prefix}${i}`]));
}

function writeLines(path: string, lines: Iterable<string>): void {
  writeFileSync(join(output, path), [...lines, ""].join("\n"));
}

const jsonLines = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row));
const records = (ids: ReadonlyMap<string, string>): string[] => jsonLines([...ids].map(([text, _id]) => ({ _id, text })));

const queries = idsOf(
  test.map(({ question }) => question),
  "q",
);
const answers = idsOf(
  test.map(({ answer }) => answer),
  "a",
);
mkdirSync(join(output, "test", "qrels"), { recursive: true });
writeLines("train.jsonl", jsonLines(train.map(({ question, answer }) => ({ anchor: question, positive: answer }))));
writeLines("test/queries.jsonl", records(queries));
writeLines("test/corpus.jsonl", records(answers));
const judged = new Set(test.map(({ question, answer }) => `${queries.get(question)}\t${answers.get(answer)}\t1`));
writeLines("test/qrels/test.tsv", ["query-id\tcorpus-id\tscore", ...judged]);
console.log(`${train.length} training pairs, ${queries.size} test questions over ${answers.size} answers, ${judged.size} judged`);
