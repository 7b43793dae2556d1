import { createReferenceBackend, Engine } from "@attune/tensor";
import { expect, test } from "vitest";
import { compareQueries } from "./compare.ts";
import type { TextEmbedder } from "./evaluator.ts";
import { createLatencyEvaluator } from "./latency-evaluator.ts";
import { createQuantizedEvaluator } from "./quantized-evaluator.ts";
import { createRetrievalEvaluator } from "./retrieval-evaluator.ts";
import type { RetrievalSet } from "./retrieval-set.ts";

const engine = new Engine(createReferenceBackend());
const D = 16;

/** Vectors from the letters of a text, so that texts of the same letters are near each other. */
const embedder: TextEmbedder & { calls: number } = {
  dimension: D,
  tokens: 0,
  calls: 0,
  async encode(texts) {
    this.calls++;
    (this as { tokens: number }).tokens += texts.length * 3;
    const vectors = new Float32Array(texts.length * D);
    texts.forEach((text, row) =>
      [...text].forEach((letter, i) => (vectors[row * D + ((letter.charCodeAt(0) * 7) % D)] += Math.sin(i + 1))),
    );
    return vectors;
  },
};

const words = ["kettle", "bridge", "harbour", "letter", "robot", "library", "garden", "window"];
const set: RetrievalSet = {
  queries: new Map(words.map((word) => [word, word])),
  corpus: new Map(words.map((word) => [`d-${word}`, `${word}s`])),
  qrels: new Map(words.map((word) => [word, new Map([[`d-${word}`, 1]])])),
};

test("float32 is plain retrieval; each form has its score and its bytes; texts are encoded once", async () => {
  const { metrics: plain } = await createRetrievalEvaluator(set, { engine, k: [3] }).evaluateQueries(embedder);
  embedder.calls = 0;
  const evaluator = createQuantizedEvaluator(set, { engine, precisions: ["int8", "ubinary"], k: [3] });
  const { metrics } = await evaluator.evaluateQueries(embedder);
  expect(embedder.calls).toBe(2); // queries and documents
  expect(Object.keys(metrics)).toEqual(evaluator.metrics);
  expect(metrics).toMatchObject({ "float32_ndcg@3": plain["ndcg@3"], float32_bytes: 64, int8_bytes: 16, ubinary_bytes: 2 });
  expect(metrics["int8_ndcg@3"]).toBeGreaterThan(0.5);
});

test("latency: per second and per text, tokens only where they are counted", async () => {
  const texts = { queries: words, documents: [...words, ...words] };
  const { metrics } = await createLatencyEvaluator(texts, { singles: 5 }).evaluateQueries(embedder);
  expect(metrics.tokens_per_second / metrics.texts_per_second).toBeCloseTo(3, 6);
  expect(metrics.p95_ms).toBeGreaterThanOrEqual(metrics.p50_ms);
  const silent: TextEmbedder = { dimension: D, encode: (some) => embedder.encode(some) };
  expect((await createLatencyEvaluator(texts, { singles: 5 }).evaluateQueries(silent)).metrics).not.toHaveProperty("tokens_per_second");
  expect(() => createLatencyEvaluator({ queries: [], documents: [] })).toThrow(expect.objectContaining({ code: "E_EMPTY" }));
});

test("a comparison pairs queries by id: wins, ties, losses, and the largest of them first and last", () => {
  const of = (values: Record<string, number>) => ({ metrics: {}, perQuery: new Map(Object.entries(values)) });
  const compared = compareQueries(of({ a: 0, b: 1, c: 0.5, d: 1 }), of({ d: 0.4, a: 1, b: 1, c: 0.75, e: 1 }), { seed: 1 })!;
  expect(compared).toMatchObject({ queries: 4, wins: 2, ties: 1, losses: 1 });
  expect(compared.changes.map(({ query }) => query)).toEqual(["a", "c", "d"]);
  expect(compared.gain.mean).toBeCloseTo((1 + 0.25 - 0.6) / 4, 12);
  expect(compared.p).toBeGreaterThan(0.2);
  expect(compareQueries({ metrics: {} }, of({ a: 1 }), { seed: 1 })).toBeUndefined();
});
