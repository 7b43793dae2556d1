import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createBm25 } from "./bm25.ts";
import { cjkBigramTokens, wordTokens } from "./tokenizers.ts";

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

describe("golden scores", () => {
  test.each(cases)("$name", ({ name, k1, b, documents, documentsOf, expected }) => {
    const texts = documents ?? cases.find((one) => one.name === documentsOf)!.documents!;
    const bm25 = createBm25(texts, { k1, b, ...(name.startsWith("chinese") && { tokenize: cjkBigramTokens }) });
    for (const { query, scores, ranking } of expected) {
      const hits = bm25.search(query, texts.length);
      expect(hits.map(({ index }) => index)).toEqual(ranking);
      for (const { index, score } of hits) expect(score).toBeCloseTo(scores[index], 6);
      expect(bm25.search(query, 3)).toEqual(hits.slice(0, 3));
      const some = [3, 0, 3];
      expect([...bm25.score(query, some)].map((score, i) => Math.abs(score - scores[some[i]]) < 1e-6)).toEqual([true, true, true]);
    }
  });

  test.each(cases.filter(({ tokens }) => tokens))("tokens of $name", ({ name, documents, tokens }) => {
    expect(documents!.map(name.startsWith("chinese") ? cjkBigramTokens : wordTokens)).toEqual(tokens);
  });
});

test("characters and pairs of scripts without spaces, words of the others, also within one run", () => {
  expect(cjkBigramTokens("USB灯塔3号 コーヒー")).toEqual([
    "usb",
    "灯",
    "塔",
    "灯塔",
    "3",
    "号",
    "コ",
    "ー",
    "ヒ",
    "ー",
    "コー",
    "ーヒ",
    "ヒー",
  ]);
  expect(cjkBigramTokens("𠮷野家")).toEqual(["𠮷", "野", "家", "𠮷野", "野家"]);
});

test("the k best of many, ties by position, whatever the order in which they were found", () => {
  const documents = Array.from({ length: 500 }, (_, i) => ["b", "a b", "a", "c"][i % 4]);
  const bm25 = createBm25(documents);
  const all = bm25.search("a b", 1000);
  expect(all).toHaveLength(375);
  for (const k of [0, 1, 3, 50, 374]) expect(bm25.search("a b", k)).toEqual(all.slice(0, k));
});

test("words of any script, lower-cased; an empty corpus has no hits", () => {
  expect(wordTokens("Émile's ÄRGER, 灯塔 №42!")).toEqual(["émile", "s", "ärger", "灯塔", "42"]);
  expect(wordTokens("हिन्दी में किताब")).toEqual(["हिन्दी", "में", "किताब"]);
  expect(wordTokens("nai\u0308ve")).toEqual(["na\u00efve"]);
  expect(createBm25([]).search("x", 5)).toEqual([]);
});
