import { createRandom } from "@attune/core";
import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, precisions, readColumnCases } from "../test/pair-cases.ts";
import { onlineContrastive } from "./online-contrastive.ts";

const cases = readColumnCases("online_contrastive");

describe.each(precisions)("sentence-transformers' OnlineContrastiveLoss in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { gradients, ...batch } = batchOf(one);
    const got = await run(onlineContrastive, { float, options: one.params, ...batch });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, gradients.anchor, gradient);
    expectRows(got.candidates, gradients.candidates, gradient);
  });
});

/** The definition by loops. */
function defined(distances: readonly number[], labels: readonly number[], margin: number): number {
  const together = distances.filter((_, i) => labels[i] === 1);
  const apart = distances.filter((_, i) => labels[i] === 0);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const nearest = apart.length > 1 ? Math.min(...apart) : mean(together);
  const farthest = together.length > 1 ? Math.max(...together) : mean(apart);
  const pull = together.filter((d) => d > nearest).map((d) => d ** 2);
  const push = apart.filter((d) => d < farthest).map((d) => Math.max(0, margin - d) ** 2);
  return [...pull, ...push].reduce((sum, value) => sum + value, 0);
}

describe("which pairs are hard", () => {
  const random = createRandom(5, "online-contrastive");
  const angles = Array.from({ length: 6 }, () => random.uniform() * Math.PI);
  const anchor = angles.map(() => [1, 0]);
  const candidates = angles.map((angle) => [Math.round(Math.cos(angle) * 1024) / 1024, Math.round(Math.sin(angle) * 1024) / 1024]);
  const distances = candidates.map(([x, y]) => 1 - x / Math.hypot(x, y));

  it.each([
    { labels: [1, 0, 1, 0, 1, 0] },
    { labels: [1, 0, 0, 0, 0, 0] },
    { labels: [0, 1, 1, 1, 1, 1] },
    { labels: [1, 1, 1, 1, 1, 1] },
    { labels: [0, 0, 0, 0, 0, 0] },
  ])("with labels $labels", async ({ labels }) => {
    const known = { targets: Int32Array.from(labels.keys()), labels: Float32Array.from(labels) };
    const got = await run(onlineContrastive, { options: { margin: 1.2 }, anchor, candidates, known });
    expect(got.loss).toBeCloseTo(defined(distances, labels, 1.2), 12);
    expect(got.loss).toBeGreaterThan(0);
  });
});

it("refuses graded labels", async () => {
  const known = { targets: Int32Array.of(0), labels: Float32Array.of(0.5) };
  await expect(run(onlineContrastive, { anchor: [[1, 0]], candidates: [[0, 1]], known })).rejects.toMatchObject({
    code: "E_LOSS_INPUT",
    sentence: "loss online-contrastive labels: expected 0 (apart) or 1 (together), got 0.5 in row 1 of the batch",
  });
});
