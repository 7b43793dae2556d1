import { readFileSync } from "node:fs";
import { threadCpuUsage } from "node:process";
import { describe, expect, test } from "vitest";
import type { Convention } from "./conventions.ts";
import { evaluateRetrieval } from "./retrieval-metrics.ts";
import type { Hit, Qrels, Run } from "./run.ts";

interface Scores {
  readonly perQuery: Record<string, Record<string, number>>;
  readonly mean: Record<string, number>;
  readonly queriesScored: number;
}
interface Case {
  readonly name: string;
  readonly qrels: Record<string, Record<string, number>>;
  readonly run: Record<string, Record<string, number>>;
  readonly expected: {
    readonly trec: Scores;
    readonly trecIgnoreIdenticalIds?: Scores;
    /** Metric ("ndcg@k") -> k -> mean; null where the peer's own order of ties is not defined. */
    readonly sentenceTransformers: Record<string, Record<string, number>> | null;
    readonly sentenceTransformersQueries?: number;
    readonly flagEmbedding: { perQuery: Record<string, Record<string, number>>; meanOverQrels: Record<string, number> };
  };
}
const path = new URL("../../../fixtures/golden/metrics/retrieval.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as { cases: Case[]; ks: number[] };

const qrelsOf = (raw: Case["qrels"]): Qrels =>
  new Map(Object.entries(raw).map(([query, judged]) => [query, new Map(Object.entries(judged))]));
const hitsOf = (raw: Record<string, number>): Hit[] => Object.entries(raw).map(([document, score]) => ({ document, score }));
const runOf = (raw: Case["run"]): Run => new Map(Object.entries(raw).map(([query, hits]) => [query, hitsOf(hits)]));

/** Everything is deeper than no list of the golden file: the metrics without a cut-off. */
const EVERYTHING = 1000;
const ourName = (name: string): string | undefined => {
  const uncut: Record<string, string> = { ndcg: `ndcg@${EVERYTHING}`, map: `map@${EVERYTHING}`, recip_rank: `mrr@${EVERYTHING}` };
  const [, metric, k] = /^(ndcg_cut|map_cut|recall|P)_(\d+)$/.exec(name) ?? [];
  return uncut[name] ?? (metric && `${{ ndcg_cut: "ndcg", map_cut: "map", recall: "recall", P: "precision" }[metric]}@${k}`);
};

function expectScores(got: Record<string, number>, expected: Record<string, number>): void {
  const names = Object.keys(expected).filter((name) => ourName(name));
  expect(names).toHaveLength(4 * golden.ks.length + 3);
  expect(got).toMatchObject(Object.fromEntries(names.map((name) => [ourName(name)!, expect.closeTo(expected[name], 8)])));
}

describe("pytrec_eval", () => {
  test.each(golden.cases)("$name", ({ qrels, run, expected }) => {
    const { means, perQuery } = evaluateRetrieval(qrelsOf(qrels), runOf(run), { k: [...golden.ks, EVERYTHING] });
    expect([...perQuery.keys()].sort()).toEqual(Object.keys(expected.trec.perQuery).sort());
    for (const [query, scores] of perQuery) expectScores(scores, expected.trec.perQuery[query]);
    expectScores(means, expected.trec.mean);
  });
});

test("a document with the query's own id is left out when asked for", () => {
  const { qrels, run, expected } = golden.cases.find(({ name }) => name === "identical_ids")!;
  const { means } = evaluateRetrieval(qrelsOf(qrels), runOf(run), { k: [...golden.ks, EVERYTHING], ignoreIdenticalIds: true });
  expectScores(means, expected.trecIgnoreIdenticalIds!.mean);
  expect(expected.trecIgnoreIdenticalIds!.mean).not.toEqual(expected.trec.mean);
});

describe("sentence-transformers", () => {
  const cases = golden.cases.filter(({ expected }) => expected.sentenceTransformers);
  test.each(cases)("$name", ({ qrels, run, expected }) => {
    const { means, perQuery } = evaluateRetrieval(qrelsOf(qrels), runOf(run), { k: golden.ks, convention: "sentence-transformers" });
    const wanted = Object.entries(expected.sentenceTransformers!).flatMap(([metric, at]) =>
      Object.entries(at).map(([k, value]) => [metric.replace("@k", `@${k}`), expect.closeTo(value, 8)]),
    );
    expect(means).toEqual(Object.fromEntries(wanted));
    expect(perQuery.size).toBe(expected.sentenceTransformersQueries);
  });
  test("cases", () => expect(cases).toHaveLength(9));
});

describe("FlagEmbedding", () => {
  test.each(golden.cases)("$name", ({ qrels, run, expected }) => {
    const { means, perQuery } = evaluateRetrieval(qrelsOf(qrels), runOf(run), { k: golden.ks, convention: "flagembedding" });
    const named = (scores: Record<string, number>) =>
      Object.fromEntries(Object.entries(scores).map(([name, value]) => [name.replace(/_(\d+)$/, "@$1"), expect.closeTo(value, 8)]));
    expect(means).toMatchObject(named(expected.flagEmbedding.meanOverQrels));
    for (const [query, scores] of Object.entries(expected.flagEmbedding.perQuery)) expect(perQuery.get(query)).toMatchObject(named(scores));
    const trec = evaluateRetrieval(qrelsOf(qrels), runOf(run), { k: golden.ks }).means;
    for (const name of ["ndcg@10", "map@10", "recall@10", "precision@10"]) expect(means[name]).toBe(trec[name]);
  });
});

test("the conventions differ where the table of peers says so", () => {
  const qrels: Qrels = new Map([
    [
      "q1",
      new Map([
        ["a", 2],
        ["b", 1],
        ["c", 1],
      ]),
    ],
    ["q2", new Map([["a", 1]])],
    ["q3", new Map([["a", 0]])],
  ]);
  const tie = [
    { document: "x", score: 1 },
    { document: "b", score: 1 },
  ];
  const run: Run = new Map([
    ["q1", tie],
    ["q3", tie],
  ]);
  const at = (convention: Convention) => evaluateRetrieval(qrels, run, { k: [2], convention }).means;
  const [trec, st, fe] = (["pytrec_eval", "sentence-transformers", "flagembedding"] as const).map(at);
  const dcg = 1 / Math.log2(3);
  const close = (value: number): unknown => expect.closeTo(value, 12);
  // q1 is x, b; q3 is judged and answered; q2 has no hits and is left out.
  expect(trec).toEqual({
    "ndcg@2": close(dcg / (2 + dcg) / 2),
    "map@2": close(0.5 / 3 / 2),
    "mrr@2": 0.25,
    "recall@2": close(1 / 3 / 2),
    "precision@2": 0.25,
  });
  // q1 is b, x; gains are 1; q2 counts 0; q3 has nothing relevant and is left out.
  expect(st).toEqual({
    "ndcg@2": close(1 / (1 + dcg) / 2),
    "map@2": 0.25,
    "mrr@2": 0.5,
    "recall@2": close(1 / 3 / 2),
    "precision@2": 0.25,
    "accuracy@2": 0.5,
  });
  // MRR and capped recall over all three.
  expect(fe).toEqual({ ...trec, "mrr@2": close(0.5 / 3), "recall_cap@2": close(0.5 / 3) });
});

test("hits that come in order are not sorted again; the order given does not matter", () => {
  const hits = [3, 2, 2, 1].map((score, i) => ({ document: `d${9 - i}`, score }));
  const qrels: Qrels = new Map([["q", new Map([["d7", 1]])]]);
  const scores = evaluateRetrieval(qrels, new Map([["q", hits]]), { k: [2, 3] });
  expect(scores.means).toMatchObject({ "mrr@2": 0, "mrr@3": 1 / 3, "precision@3": 1 / 3, "recall@3": 1 });
  expect(evaluateRetrieval(qrels, new Map([["q", hits.toReversed()]]), { k: [2, 3] })).toEqual(scores);
});

test("of many hits in any order only the first are sorted: the same as sorting all, ties of 32-bit floats at the cut included", () => {
  const hits = Array.from({ length: 200 }, (_, i) => ({ document: `d${(i * 37) % 200}`, score: 1 + ((i * 61) % 7) / 10 + (i % 3) * 1e-9 }));
  const judged = new Map(hits.filter((_, i) => i % 5 === 0).map(({ document }, i) => [document, 1 + (i % 3)]));
  for (const convention of ["pytrec_eval", "flagembedding", "sentence-transformers"] as const) {
    const all = evaluateRetrieval(new Map([["q", judged]]), new Map([["q", hits]]), { k: [10, 25, 200], convention });
    const first = evaluateRetrieval(new Map([["q", judged]]), new Map([["q", hits]]), { k: [10, 25], convention });
    expect(all.means).toMatchObject(first.means);
    expect(first.means["precision@25"]).toBeGreaterThan(0);
  }
});

test.each([
  ["few", 3],
  ["more than the cut-offs ask for", 300],
])("a score NaN among %s hits is an error with query and document", (_, count) => {
  const hits = Array.from({ length: count }, (_one, i) => ({ document: `d${i}`, score: i === 2 ? NaN : 1 / (i + 1) }));
  const qrels: Qrels = new Map([["q", new Map([["d2", 1]])]]);
  expect(() => evaluateRetrieval(qrels, new Map([["q", hits]]))).toThrow(
    expect.objectContaining({ code: "E_NON_FINITE", sentence: 'run has the score NaN for the query "q" and the document "d2"' }),
  );
});

test("no query with judgements and hits is an error", () => {
  expect(() => evaluateRetrieval(new Map(), new Map())).toThrow(expect.objectContaining({ code: "E_EMPTY" }));
});

test("300 queries with 1,000 hits in less than 100 ms of processor time", () => {
  const queries = Array.from({ length: 300 }, (_, q) => `q${q}`);
  const run: Run = new Map(
    queries.map((query, q) => [
      query,
      Array.from({ length: 1000 }, (_, i) => ({ document: `d${(i * 7919 + q) % 5000}`, score: 1 / (i + 1) })),
    ]),
  );
  const qrels: Qrels = new Map(queries.map((query, q) => [query, new Map([[`d${q}`, 1]])]));
  const times = Array.from({ length: 5 }, () => {
    const start = threadCpuUsage();
    evaluateRetrieval(qrels, run);
    return threadCpuUsage(start).user / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(100);
});
