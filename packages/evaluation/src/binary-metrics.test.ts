import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { binaryMetrics } from "./binary-metrics.ts";

const readGolden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/golden/${name}`, import.meta.url), "utf8")) as T;

test("thresholds and average precision are sentence-transformers' and sklearn's", () => {
  const { cases } = readGolden<{
    cases: { scores: number[]; labels: number[]; higherIsPositive: boolean; expected: Record<string, number> }[];
  }>("metrics/best_threshold.json");
  for (const { scores, labels, higherIsPositive, expected } of cases) {
    const got = binaryMetrics(scores, labels, { lowerIsPositive: !higherIsPositive });
    for (const [name, value] of Object.entries(expected)) expect(got[name as "ap"], name).toBeCloseTo(value, 8);
  }
});

test("without a positive nothing is found, and nothing is NaN", () => {
  expect(binaryMetrics([0.3, 0.1], [0, 0])).toMatchObject({ f1: 0, ap: 0, mcc: 0, accuracy: 0.5 });
});
