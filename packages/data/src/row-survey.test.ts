import { expect, it } from "vitest";
import { inspectBeir } from "./inspect-retrieval.ts";
import { memoryFiles } from "./memory-files.ts";
import type { Row } from "./row.ts";
import { RowSurvey } from "./row-survey.ts";

const row = (anchor: string, positive: string, more: Partial<Row> = {}): Row => ({ anchor, positives: [positive], negatives: [], ...more });

function survey(rows: readonly Row[]) {
  const all = new RowSurvey();
  rows.forEach((one, i) => all.add(one, `f:${i + 1}`));
  return all.facts([2, 4]);
}

it.each<{ what: string; rows: Row[]; kind: string; places: string[] }>([
  { what: "a pair that comes twice", rows: [row("a", "b"), row("c", "d"), row("a", "b")], kind: "duplicate", places: ["f:3 and f:1"] },
  {
    what: "one that differs in case and space",
    rows: [row("A  b", "c"), row("a b", "C")],
    kind: "near-duplicate",
    places: ["f:2 and f:1"],
  },
  {
    what: "a pair with two labels",
    rows: [row("a", "b", { label: 1 }), row("a", "b", { label: 0 })],
    kind: "conflicting-label",
    places: ["f:2 and f:1"],
  },
  {
    what: "a positive that another row has as a negative",
    rows: [row("a", "b"), row("a", "c", { negatives: ["b"] })],
    kind: "positive-and-negative",
    places: ["f:2"],
  },
  { what: "an anchor that is its positive", rows: [row("a", "a")], kind: "anchor-is-positive", places: ["f:1"] },
  { what: "an anchor that is its negative", rows: [row("a", "b", { negatives: ["a"] })], kind: "anchor-is-negative", places: ["f:1"] },
])("finds $what", ({ rows, kind, places }) => {
  expect(survey(rows).findings).toEqual([{ kind, count: places.length, places }]);
});

it("counts and finds nothing where nothing is odd", () => {
  const facts = survey([row("a", "b", { negatives: ["x", "y"] }), row("c", "d", { score: 0.5 })]);
  expect(facts).toMatchObject({ rows: 2, pairs: 2, negatives: 2, labelled: 1, anchors: 2, distinctPositives: 2, findings: [] });
});

it("expects as many false negatives as drawing batches shows", () => {
  const rows = Array.from({ length: 12 }, (_, i) => row(`anchor ${i % 4}`, `positive ${i % 5}`));
  const expected = survey(rows).falseNegatives[4];
  let seen = 0;
  let batches = 0;
  for (let a = 0; a < 12; a++)
    for (let b = a + 1; b < 12; b++)
      for (let c = b + 1; c < 12; c++)
        for (let d = c + 1; d < 12; d++) {
          const batch = [a, b, c, d].map((i) => rows[i]);
          batches++;
          seen += batch.filter((one) =>
            batch.some((other) => other !== one && (other.anchor === one.anchor || other.positives[0] === one.positives[0])),
          ).length;
        }
  expect(expected).toBeCloseTo(seen / batches, 12);
});

it("finds what is odd about a BEIR folder", async () => {
  const json = (values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
  const files = memoryFiles({
    "b/corpus.jsonl": json([
      { _id: "1", text: "one" },
      { _id: "2", text: "ONE" },
      { _id: "3", text: "" },
      { _id: "4", text: "four" },
    ]),
    "b/queries.jsonl": json([
      { _id: "q", text: "what?" },
      { _id: "r", text: "What?" },
      { _id: "s", text: "who?" },
    ]),
    "b/qrels/train.tsv": "q\t1\t1\nq\t9\t1\n",
    "b/qrels/test.tsv": "query-id\tcorpus-id\tscore\nr\t2\t1\nr\t3\t0\n",
  });
  const { findings, ...facts } = await inspectBeir(files, "b");
  expect(facts).toMatchObject({
    documents: 4,
    queries: 3,
    splits: [
      { split: "test", queries: 1, judgements: 2, relevant: 1 },
      { split: "train", queries: 1, judgements: 2, relevant: 2 },
    ],
  });
  expect(findings).toEqual([
    { kind: "unknown-id", count: 1, places: ["b/qrels/train.tsv:2"] },
    { kind: "unused-document", count: 1, places: ["4"] },
    { kind: "unused-query", count: 1, places: ["s"] },
    { kind: "empty-text", count: 1, places: ["3"] },
    { kind: "duplicate-document", count: 1, places: ["2 and 1"] },
    { kind: "leak", count: 1, places: ["r of test and q of train"] },
  ]);
});
