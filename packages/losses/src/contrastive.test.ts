import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, precisions, readColumnCases } from "../test/pair-cases.ts";
import { contrastive } from "./contrastive.ts";

const cases = readColumnCases("contrastive");

describe.each(precisions)("sentence-transformers' ContrastiveLoss in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { gradients, ...batch } = batchOf(one);
    const got = await run(contrastive, { float, options: one.params, ...batch });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, gradients.anchor, gradient);
    expectRows(got.candidates, gradients.candidates, gradient);
  });
});

it("covers every distance, both reductions and graded labels", () => {
  expect(new Set(cases.map(({ params }) => params.distance))).toEqual(new Set(["cosine", "euclidean", "manhattan"]));
  expect(new Set(cases.map(({ params }) => params.reduction))).toEqual(new Set(["mean", "sum"]));
  expect(cases.some(({ labels }) => labels!.some((label) => label > 0 && label < 1))).toBe(true);
});

it.each(["cosine", "euclidean", "manhattan"])("equal vectors have a finite gradient under %s", async (distance) => {
  const same = [[0.5, -1, 0.25]];
  const known = { targets: Int32Array.of(0), labels: Float32Array.of(0) };
  const got = await run(contrastive, { float: "f32", options: { distance }, anchor: same, candidates: same, known });
  expect([...got.anchor.flat(), ...got.candidates.flat()].every(Number.isFinite)).toBe(true);
  expect(got.loss).toBeCloseTo(0.125, 5); // ½ · margin²
});

it("leaves pairs alone that are a margin apart", async () => {
  const known = { targets: Int32Array.of(0), labels: Float32Array.of(0) };
  const got = await run(contrastive, { options: { margin: 0.9 }, anchor: [[1, 0]], candidates: [[0, 1]], known });
  expect(got).toMatchObject({ loss: 0, anchor: [[0, 0]], candidates: [[0, 0]] });
});

it.each([
  { labels: [0, 1.5], got: "1.5 in row 2 of the batch" },
  { labels: [-1, 1], got: "-1 in row 1 of the batch" },
])("refuses labels $labels", async ({ labels, got }) => {
  const pairs = {
    anchor: [
      [1, 0],
      [0, 1],
    ],
    candidates: [
      [1, 0],
      [0, 1],
    ],
  };
  const known = { targets: Int32Array.of(0, 1), labels: Float32Array.from(labels) };
  await expect(run(contrastive, { ...pairs, known })).rejects.toMatchObject({
    code: "E_LOSS_INPUT",
    sentence: `loss contrastive labels: expected 0 (apart) to 1 (together), got ${got}`,
  });
});
