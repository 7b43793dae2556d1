import { readFileSync } from "node:fs";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import { bytesPerEmbedding, calibrate, quantizeEmbeddings, type EmbeddingPrecision, type Ranges } from "./quantize.ts";
import { quantizedSearch } from "./search.ts";

type Nested = number | readonly Nested[];
const flatten = (nested: Nested): number[] => (typeof nested === "number" ? [nested] : nested.flatMap(flatten));
const readGolden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${name}`, import.meta.url), "utf8")) as T;

interface Case {
  readonly name: string;
  readonly embeddings: Nested[];
  readonly calibration: Nested[];
  readonly ranges: readonly [Nested, Nested];
  readonly expected: Record<string, Nested>;
}
const floats = (nested: Nested): Float32Array => Float32Array.from(flatten(nested));
const rangesOf = ([low, high]: readonly [Nested, Nested]): Ranges => ({ low: floats(low), high: floats(high) });

test("codes are those of sentence-transformers, with given ranges, with calibration texts and with neither", () => {
  const { cases } = readGolden<{ cases: Case[] }>("quant/embeddings.json");
  for (const { name, embeddings, calibration, ranges, expected } of cases) {
    const vectors = floats(embeddings);
    const dimension = (embeddings[0] as Nested[]).length;
    const sources = { ranges: rangesOf(ranges), calibration: calibrate(floats(calibration), dimension), self: undefined };
    for (const [key, codes] of Object.entries(expected)) {
      const [precision, source] = key.split("_") as [EmbeddingPrecision, keyof typeof sources];
      const got = quantizeEmbeddings(vectors, { precision, dimension, ranges: sources[source] });
      expect(Array.from(got), `${name} ${key}`).toEqual(flatten(codes));
    }
  }
});

test("what cannot be coded is said", () => {
  const one = Float32Array.of(1, 2, 3);
  expect(() => quantizeEmbeddings(one, { precision: "int8", dimension: 2 })).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
  expect(() => quantizeEmbeddings(Float32Array.of(1, NaN), { precision: "binary", dimension: 2 })).toThrow(
    expect.objectContaining({ code: "E_NON_FINITE", sentence: expect.stringContaining("NaN in embedding 0, dimension 1") }),
  );
  expect(() => calibrate(new Float32Array(0), 4)).toThrow(expect.objectContaining({ code: "E_SHAPE" }));
});

describe("numbers that no code can stand for", () => {
  const nonFinite = (sentence: string) => expect.objectContaining({ code: "E_NON_FINITE", sentence: expect.stringContaining(sentence) });
  const good = Float32Array.of(1, 2);

  test.each([NaN, Infinity, -Infinity])("%d is refused in embeddings, in calibration texts and in ranges", (bad) => {
    const [first, second] = [Float32Array.of(bad, 0, 1, 1), Float32Array.of(1, 1, 0, bad)];
    expect(() => calibrate(first, 2)).toThrow(nonFinite(`${bad} in embedding 0, dimension 0`));
    expect(() => calibrate(second, 2)).toThrow(nonFinite(`${bad} in embedding 1, dimension 1`));
    for (const precision of ["int8", "uint8", "binary", "ubinary"] as const) {
      expect(() => quantizeEmbeddings(second, { precision, dimension: 2 })).toThrow(nonFinite(`${bad} in embedding 1, dimension 1`));
    }
    for (const ranges of [
      { low: Float32Array.of(0, bad), high: good },
      { low: Float32Array.of(0, 0), high: Float32Array.of(1, bad) },
    ]) {
      expect(() => quantizeEmbeddings(good, { precision: "int8", dimension: 2, ranges })).toThrow(nonFinite("in dimension 1"));
    }
  });

  test("a search in bits refuses them, too", async () => {
    const engine = new Engine(createReferenceBackend());
    const options = { precision: "ubinary", dimension: 2, k: 1 } as const;
    await expect(quantizedSearch(engine, Float32Array.of(NaN, 1), good, options)).rejects.toThrow(nonFinite("NaN in embedding 0"));
    await expect(quantizedSearch(engine, good, Float32Array.of(1, Infinity), options)).rejects.toThrow(
      nonFinite("Infinity in embedding 0"),
    );
  });
});

test("ranges of another width are refused", () => {
  const of = (low: number, high: number): Ranges => ({ low: new Float32Array(low), high: new Float32Array(high).fill(1) });
  const code = (ranges: Ranges) => quantizeEmbeddings(new Float32Array(8), { precision: "uint8", dimension: 4, ranges });
  for (const [low, high] of [
    [2, 2],
    [8, 8],
    [4, 2],
    [2, 4],
  ]) {
    expect(() => code(of(low, high))).toThrow(
      expect.objectContaining({ code: "E_SHAPE", sentence: expect.stringContaining(`${low} low and ${high} high`) }),
    );
  }
  expect(code(of(4, 4))).toHaveLength(8);
});

test("an embedding takes this many bytes", () => {
  expect((["float32", "int8", "uint8", "binary", "ubinary"] as const).map((p) => bytesPerEmbedding(p, 13))).toEqual([52, 13, 13, 2, 2]);
});

interface Hit {
  readonly corpus_id: number;
  readonly score: number;
}
interface RescoreCase extends Pick<Case, "name" | "ranges"> {
  readonly queries: Nested[];
  readonly corpus: Nested[];
  readonly topK: number;
  readonly rescoreMultiplier: number;
  readonly expected: Record<string, Hit[][]>;
}

describe("search with rescoring", () => {
  test.each([
    ["ubinary", "faiss_ubinary_rescore"],
    ["uint8", "faiss_uint8_rescore"],
    ["int8", "int8_rescore_definition"],
  ] as const)("%s finds what faiss and the definition find", async (precision, key) => {
    const { cases } = readGolden<{ cases: RescoreCase[] }>("quant/rescore.json");
    const engine = new Engine(createReferenceBackend());
    for (const { queries, corpus, ranges, topK, rescoreMultiplier, expected } of cases) {
      const dimension = (queries[0] as Nested[]).length;
      const options = { precision, dimension, k: topK, rescoreMultiplier, ranges: rangesOf(ranges) };
      const found = await quantizedSearch(engine, floats(queries), floats(corpus), options);
      const hits = expected[key].flat();
      expect(Array.from(found.index)).toEqual(hits.map(({ corpus_id }) => corpus_id));
      hits.forEach(({ score }, i) => expect(Math.abs(found.scores[i] - score)).toBeLessThan(1e-5 * Math.max(1, Math.abs(score))));
    }
  });

  test("without rescoring the integer scores stay", async () => {
    const engine = new Engine(createReferenceBackend());
    const corpus = Float32Array.of(1, 1, -1, -1, 1, -1);
    const { index, scores } = await quantizedSearch(engine, Float32Array.of(2, 3), corpus, {
      precision: "binary",
      dimension: 2,
      k: 3,
      rescoreMultiplier: 0,
    });
    expect([Array.from(index), Array.from(scores)]).toEqual([[0, 2, 1], [2, 0, -2]]); // prettier-ignore
  });
});
