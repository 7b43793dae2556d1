import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
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
  readonly expected: { readonly trec: Scores; readonly trecIgnoreIdenticalIds?: Scores };
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

test("hits that come in order are not sorted again; the order given does not matter", () => {
  const hits = [3, 2, 2, 1].map((score, i) => ({ document: `d${9 - i}`, score }));
  const qrels: Qrels = new Map([["q", new Map([["d7", 1]])]]);
  const scores = evaluateRetrieval(qrels, new Map([["q", hits]]), { k: [2, 3] });
  expect(scores.means).toMatchObject({ "mrr@2": 0, "mrr@3": 1 / 3, "precision@3": 1 / 3, "recall@3": 1 });
  expect(evaluateRetrieval(qrels, new Map([["q", hits.toReversed()]]), { k: [2, 3] })).toEqual(scores);
});

test("no query with judgements and hits is an error", () => {
  expect(() => evaluateRetrieval(new Map(), new Map())).toThrow(expect.objectContaining({ code: "E_EMPTY" }));
});

test("300 queries with 1,000 hits in less than 100 ms", () => {
  const queries = Array.from({ length: 300 }, (_, q) => `q${q}`);
  const run: Run = new Map(
    queries.map((query, q) => [
      query,
      Array.from({ length: 1000 }, (_, i) => ({ document: `d${(i * 7919 + q) % 5000}`, score: 1 / (i + 1) })),
    ]),
  );
  const qrels: Qrels = new Map(queries.map((query, q) => [query, new Map([[`d${q}`, 1]])]));
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    evaluateRetrieval(qrels, run);
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(100);
});
