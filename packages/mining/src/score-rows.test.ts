import { createNodeFiles } from "@attune/files-node";
import { expect, test } from "vitest";
import { collect, countingEmbedder, temporaryFolder, vectorOf } from "../test/support.ts";
import { embeddingScorer, scoreRows, scoreRowsByPrompt } from "./score-rows.ts";

test("every text of a row is scored against its anchor, in pieces, in order", async () => {
  const rows = Array.from({ length: 700 }, (_, i) => ({
    anchor: `q${i}`,
    positives: ["p", { id: "1", text: "pp" }],
    negatives: i % 2 ? ["nnn"] : [],
  }));
  const calls: number[] = [];
  const scored = await collect(
    scoreRows(
      rows,
      async (pairs) => (calls.push(pairs.length), pairs.map(({ query, document }) => Number(query.slice(1)) + document.length / 10)),
    ),
  );
  expect(calls).toEqual([1280, 470]);
  expect(scored[0]).toEqual({ ...rows[0], positiveScores: [0.1, 0.2], negativeScores: [] });
  expect(scored[699]).toMatchObject({ anchor: "q699", positiveScores: [699.1, 699.2], negativeScores: [699.3] });
});

test("rows of one prompt are scored together, those of others between them", async () => {
  const rows = Array.from({ length: 600 }, (_, i) => ({
    anchor: `q${i}`,
    positives: ["p"],
    negatives: [],
    ...(i % 3 > 0 && { prompt: `prompt ${i % 3}` }),
  }));
  const calls: [string | undefined, number][] = [];
  const scorerOf = (prompt: string | undefined) => async (pairs: readonly { query: string }[]) => (
    calls.push([prompt, pairs.length]),
    pairs.map(({ query }) => Number(query.slice(1)) + (prompt?.length ?? 0) / 16)
  );
  const scored = await collect(scoreRowsByPrompt(rows, scorerOf));
  expect(calls.map(([prompt, pairs]) => `${prompt} ${pairs}`)).toEqual([
    "undefined 171",
    "prompt 1 171",
    "prompt 2 170",
    "prompt 2 30",
    "undefined 29",
    "prompt 1 29",
  ]);
  expect(scored).toEqual(rows.map((row, i) => ({ ...row, positiveScores: [i + (i % 3 > 0 ? 0.5 : 0)], negativeScores: [] })));
});

test("by embeddings: the cosine, with the prompts of the sides, each text once", async () => {
  const embedder = countingEmbedder(3);
  const score = embeddingScorer(embedder, { prompts: { query: "q: " } });
  const scores = await score(
    [
      ["a", "x"],
      ["a", "a"],
      ["b", "x"],
    ].map(([query, document]) => ({ query, document })),
  );
  const cosine = (a: string, b: string): number => {
    const [u, v] = [vectorOf(a, 3), vectorOf(b, 3)];
    const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * y[i], 0);
    return dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
  };
  const expected = [cosine("q: a", "x"), cosine("q: a", "a"), cosine("q: b", "x")];
  expect(Array.from(scores).every((score, i) => Math.abs(score - expected[i]) < 1e-6)).toBe(true);
  expect(embedder.encoded).toEqual(["a", "b", "x", "a"]);
});

test("by embeddings through a cache: it is opened once for each side, and no text is encoded twice", async () => {
  using folder = temporaryFolder();
  const files = createNodeFiles();
  const opened: string[] = [];
  const counting = { ...files, list: (path: string) => (opened.push(path), files.list(path)) };
  const embedder = countingEmbedder(3);
  const score = embeddingScorer(embedder, { prompts: { query: "q: " }, cache: { files: counting, folder: folder.path, model: "m" } });
  for (const query of ["a", "b", "a"]) await score([{ query, document: "x" }]);
  expect(embedder.encoded).toEqual(["a", "x", "b"]);
  expect(opened).toHaveLength(2);
});
