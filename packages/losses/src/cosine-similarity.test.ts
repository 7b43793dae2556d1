import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, precisions, readColumnCases } from "../test/pair-cases.ts";
import { cosineSimilarity } from "./cosine-similarity.ts";

const cases = readColumnCases("cosine_similarity");

describe.each(precisions)("sentence-transformers' CosineSimilarityLoss in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { gradients, ...batch } = batchOf(one);
    const got = await run(cosineSimilarity, { float, ...batch });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, gradients.anchor, gradient);
    expectRows(got.candidates, gradients.candidates, gradient);
  });
});

const pairs = {
  anchor: [
    [1, 0],
    [0, 2],
  ],
  candidates: [
    [1, 0],
    [0, -1],
  ],
};
const known = (labels: number[]) => ({ targets: Int32Array.of(0, 1), labels: Float32Array.from(labels) });

it("is 0 where every cosine is its label", async () => {
  expect((await run(cosineSimilarity, { ...pairs, known: known([1, -1]) })).loss).toBe(0);
  expect((await run(cosineSimilarity, { ...pairs, known: known([0, -1]) })).loss).toBe(0.5);
});

it("refuses labels that no cosine reaches, and rows without any", async () => {
  await expect(run(cosineSimilarity, { ...pairs, known: known([1, 4]) })).rejects.toMatchObject({
    code: "E_LOSS_INPUT",
    sentence: "loss cosine-similarity labels: expected −1 to 1, got 4 in row 2 of the batch",
    hint: expect.stringContaining("5 for STS"),
  });
  await expect(run(cosineSimilarity, { ...pairs, known: known([Number.NaN, 1]) })).rejects.toMatchObject({ code: "E_LOSS_INPUT" });
  await expect(run(cosineSimilarity, { ...pairs, known: { targets: Int32Array.of(0, 1) } })).rejects.toMatchObject({
    code: "E_LOSS_INPUT",
    sentence: "loss cosine-similarity needs labels, which this data does not have",
    hint: 'give every row a "score" or a "label"',
  });
});
