import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRows, memoryFiles, type Row } from "@attune/data";
import { createNodeFiles } from "@attune/files-node";
import { describe, expect, test } from "vitest";
import { collect, temporaryFolder } from "../test/support.ts";
import { memoryCorpus } from "./corpus.ts";
import { mine, type MiningResult } from "./mine.ts";
import { minedFormats, minedRecords } from "./records.ts";
import { describeReport } from "./report-text.ts";
import { summaryOf } from "./summary.ts";
import { miningTaskOf } from "./task.ts";
import { writeMined } from "./write-mined.ts";

const files = createNodeFiles();

const texts = ["p0", "p0 too", "p1", "n0", "n1", "n2"];
const rows: Row[] = [
  { id: "7", anchor: "q0", positives: ["p0", "p0 too"], negatives: [], prompt: "Find: ", type: "normal" },
  { anchor: "q1", positives: ["p1"], negatives: [] },
];
/** The scores of both queries. */
const scores = [
  [0.9, 0.7, 0.1, 0.6, 0.8, 0.3],
  [0.2, 0.1, 0.5, 0.45, 0.9, 0.8],
];

async function result(): Promise<MiningResult> {
  const task = await miningTaskOf(rows, memoryCorpus(texts));
  const order = scores.map((row) => Array.from(row.keys()).sort((a, b) => row[b] - row[a]));
  const candidates = {
    rank: async () => ({
      width: 6,
      documents: Int32Array.from(order.flat()),
      scores: Float32Array.from(order.flatMap((documents, query) => documents.map((document) => scores[query][document]))),
    }),
    score: async ({ queries, documents }: { queries: Int32Array; documents: Int32Array }) =>
      Float32Array.from(queries, (query, i) => scores[query][documents[i]]),
  };
  return mine({ task, candidates }, { absoluteMargin: 0.05, minScore: 0.25, negatives: 2 }); // q0: n0, n2; q1: n0 (at the edge)
}

describe("rows", () => {
  test("FlagEmbedding's, one per query, with what its row said", async () => {
    expect(await collect(minedRecords(await result()))).toEqual([
      {
        id: "7",
        query: "q0",
        pos: ["p0", "p0 too"],
        neg: ["n0", "n2"],
        pos_scores: [0.9, 0.7],
        neg_scores: [0.6, 0.3],
        prompt: "Find: ",
        type: "normal",
      },
      { query: "q1", pos: ["p1"], neg: ["n0"], pos_scores: [0.5], neg_scores: [0.45] },
    ]);
  });

  test("triplets, n-tuples, pairs and lists", async () => {
    const mined = await result();
    const rowsOf = (format: (typeof minedFormats)[number], withScores = false) =>
      collect(minedRecords(mined, { format, scores: withScores }));
    expect(await rowsOf("triplet")).toHaveLength(5);
    expect((await rowsOf("triplet", true))[4]).toEqual({ query: "q1", positive: "p1", negative: "n0", scores: [0.5, 0.45] });
    expect(await rowsOf("n-tuple")).toEqual([
      { query: "q0", positive: "p0", negative_1: "n0", negative_2: "n2" },
      { query: "q0", positive: "p0 too", negative_1: "n0", negative_2: "n2" },
    ]);
    expect((await rowsOf("labeled-pair")).slice(-2)).toEqual([
      { query: "q1", positive: "p1", label: 1 },
      { query: "q1", positive: "n0", label: 0 },
    ]);
    expect((await rowsOf("labeled-pair", true))[1]).toEqual({ query: "q0", positive: "p0 too", score: 0.7 });
    expect((await rowsOf("labeled-list"))[2]).toEqual({ query: "q1", positive: ["p1", "n0"], labels: [1, 0] });
  });

  test.each(["flagembedding", "triplet", "n-tuple", "labeled-pair"] as const)(
    "%s: written, and read back as training rows",
    async (format) => {
      using folder = temporaryFolder();
      const path = join(folder.path, "mined.jsonl");
      const mined = await result();
      const written = await writeMined(files, path, mined, { format });
      const content = readFileSync(path, "utf8");
      expect(content.split("\n")).toHaveLength(written + 1);
      const back = await loadRows(memoryFiles({ "mined.jsonl": content }), "mined.jsonl");
      expect([back.rows.length, back.bad]).toMatchObject([written, { count: 0 }]);
      expect(back.rows[0]).toMatchObject({ anchor: "q0", positives: format === "flagembedding" ? ["p0", "p0 too"] : ["p0"] });
      if (format === "flagembedding") expect(back.rows[0]).toMatchObject({ ...rows[0], negatives: ["n0", "n2"] });
    },
  );

  test("a failure on the way leaves no file", async () => {
    using folder = temporaryFolder();
    const mined = await result();
    const corpus = { ...mined.task.corpus, texts: () => Promise.reject(new Error("gone")) };
    await expect(writeMined(files, join(folder.path, "m.jsonl"), { ...mined, task: { ...mined.task, corpus } })).rejects.toThrow("gone");
    expect(await files.list(folder.path)).toEqual([]);
  });
});

describe("the report", () => {
  test("counts, margins and suspects, and is JSON", async () => {
    const { report } = await result();
    expect(report).toMatchObject({
      queries: 2,
      documents: 6,
      asked: 2,
      negatives: 3,
      distinctNegatives: 2,
      queriesShort: 1,
      queriesWithNone: 0,
      range: { from: 0, to: 22, depth: 24 },
      candidates: 12,
      dropped: { positive: 3, "absolute-margin": 3, "min-score": 3 },
      hubs: [{ document: "n0", queries: 2 }],
    });
    const { edges, positive, negative } = report.scores.histograms;
    expect([positive, negative].map((counts) => counts.reduce((sum, count) => sum + count))).toEqual([3, 3]);
    expect([edges.length, edges[0], edges.at(-1)]).toEqual([positive.length + 1, 0.3, 0.9]);
    expect(report.suspected).toMatchObject({ pairs: 3, queries: 2 });
    expect(report.suspected.examples.map(({ query, document, positive, fate }) => [query, document, positive, fate])).toEqual([
      ["q1", "n1", "p1", "absolute-margin"],
      ["q0", "n1", "p0 too", "absolute-margin"],
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test("reads as text", async () => {
    const lines = describeReport((await result()).report);
    expect(lines.slice(0, 4)).toEqual([
      "queries     2: 1 with all 2 negatives, 1 with fewer, 0 with none (0.0 %)",
      "negatives   3, 2 distinct of 6 documents; ranks 0 to 22 of 24",
      "dropped     9 of 12 candidates: positive 3, absolute margin 3, min score 3",
      "scores      positives 0.7 on average, negatives 0.45",
    ]);
    expect(lines.join("\n")).toContain("3 candidates of 2 queries score above a positive");
    expect(lines.at(-1)).toBe("hubs        most used: 2 queries have n0");
  });

  test("a summary has the middle of an even number of values", () => {
    expect(summaryOf([4, 1, 3, 2])).toEqual({ count: 4, mean: 2.5, min: 1, median: 2.5, max: 4 });
  });
});
