import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pearson, spearman } from "./correlation.ts";
import { evaluateSimilarity, similarityMetricNames } from "./similarity-metrics.ts";

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/golden/metrics/${name}.json`, import.meta.url), "utf8")) as T;
type Correlations = { cases: { name: string; x: number[]; y: number[]; expected: Record<"pearson" | "spearman", number | "NaN"> }[] };
type Similarities = { cases: { name: string; a: number[][]; b: number[][]; labels: number[]; expected: Record<string, number> }[] };

const { cases } = read<Correlations>("correlation");

test.each(cases.filter(({ name }) => name !== "constant"))("correlation as scipy: $name", ({ name, x, y, expected }) => {
  // The file's numbers have 9 digits, so that of x around 1e6 only two decimals are left.
  const digits = name === "large_offset" ? 3 : 8;
  expect(pearson(x, y)).toBeCloseTo(Number(expected.pearson), digits);
  expect(spearman(x, y)).toBeCloseTo(Number(expected.spearman), 8);
});

test("a constant list has no correlation", () => {
  const { x, y, expected } = cases.find(({ name }) => name === "constant")!;
  expect([pearson(x, y), spearman(x, y)]).toEqual([Number(expected.pearson), Number(expected.spearman)]);
  expect(pearson([], [])).toBeNaN();
  // The mean of ten times 0.1 is not 0.1 in binary.
  const [same, rising] = [Array.from({ length: 10 }, () => 0.1), Array.from({ length: 10 }, (_, i) => i / 7)];
  expect([pearson(same, rising), pearson(rising, same), spearman(same, rising)]).toEqual([NaN, NaN, NaN]);
});

test("a value that is no number leaves none of the correlation, as of a model that diverged", () => {
  expect(spearman([1, NaN, 2, NaN], [1, 2, 3, 4])).toBeNaN();
  expect(pearson([1, NaN, 2], [1, 2, 3])).toBeNaN();
});

test("a large offset changes nothing", () => {
  const { x, y } = cases[0];
  const far = x.map((value) => value + 2 ** 20); // exact: the values are multiples of 2^-10, up to 9 digits
  expect(pearson(far, y)).toBeCloseTo(pearson(x, y), 8);
});

test.each(read<Similarities>("embedding_similarity").cases)("as sentence-transformers: $name", ({ a, b, labels, expected }) => {
  const metrics = evaluateSimilarity(Float32Array.from(a.flat()), Float32Array.from(b.flat()), labels);
  expect(metrics).toEqual(Object.fromEntries(similarityMetricNames.map((name) => [name, expect.closeTo(expected[name], 6)])));
});

test("lists of different lengths are an error", () => {
  expect(() => pearson([1, 2], [1])).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
});
