import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { memoryFiles } from "@attune/data";
import { describe, expect, test } from "vitest";
import { bm25Run, createBm25, wordTokens } from "./bm25.ts";
import { evaluateRetrieval } from "./retrieval-metrics.ts";
import { readRetrievalSet } from "./retrieval-set.ts";

interface Case {
  readonly name: string;
  readonly k1: number;
  readonly b: number;
  readonly documents?: string[];
  readonly tokens?: string[][];
  readonly documentsOf?: string;
  readonly expected: { query: string; scores: number[]; ranking: number[] }[];
}
const { cases } = JSON.parse(readFileSync(new URL("../../../fixtures/golden/mining/bm25.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** The golden file's tokens of Chinese: words, then for each run of characters the characters and their overlapping pairs. */
function characterTokens(text: string): string[] {
  const runs = text.toLowerCase().match(/[a-z0-9]+|[\u3400-\u9fff]+/g) ?? [];
  return runs.flatMap((run) =>
    /^[a-z0-9]/.test(run) ? [run] : [...run, ...Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2))],
  );
}

describe("golden scores", () => {
  test.each(cases)("$name", ({ name, k1, b, documents, documentsOf, expected }) => {
    const texts = documents ?? cases.find((one) => one.name === documentsOf)!.documents!;
    const bm25 = createBm25(texts, { k1, b, ...(name.startsWith("chinese") && { tokenize: characterTokens }) });
    for (const { query, scores, ranking } of expected) {
      const hits = bm25.search(query, texts.length);
      expect(hits.map(({ index }) => index)).toEqual(ranking);
      for (const { index, score } of hits) expect(score).toBeCloseTo(scores[index], 6);
      expect(bm25.search(query, 3)).toEqual(hits.slice(0, 3));
    }
  });

  test.each(cases.filter(({ tokens, name }) => tokens && name.startsWith("english")))("tokens of $name", ({ documents, tokens }) => {
    expect(documents!.map(wordTokens)).toEqual(tokens);
  });
});

test("words of any script, lower-cased; an empty corpus has no hits", () => {
  expect(wordTokens("Émile's ÄRGER, 灯塔 №42!")).toEqual(["émile", "s", "ärger", "灯塔", "42"]);
  expect(createBm25([]).search("x", 5)).toEqual([]);
});

const shared = process.env.ATTUNE_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const absent = !existsSync(`${shared}/data/scifact`);

test.skipIf(absent)(
  `SciFact test: nDCG@10 0.661${absent ? " (skipped: ../shared is not there; ATTUNE_SHARED may name it)" : ""}`,
  async () => {
    const names = ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"];
    const contents = await Promise.all(
      names.map(async (name) => [`scifact/${name}`, await readFile(`${shared}/data/scifact/${name}`)] as const),
    );
    const set = await readRetrievalSet(memoryFiles(Object.fromEntries(contents)), "scifact");
    expect([set.corpus.size, set.queries.size, [...set.qrels.values()].reduce((sum, judged) => sum + judged.size, 0)]).toEqual([
      5183, 300, 339,
    ]);
    const { means } = evaluateRetrieval(set.qrels, bm25Run(set, 100), { k: [10, 100] });
    expect(Math.abs(means["ndcg@10"] - 0.661)).toBeLessThan(0.003);
  },
);
