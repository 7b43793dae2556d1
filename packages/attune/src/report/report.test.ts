import { expect, test } from "vitest";
import { count, duration, metricLabel, number, plural, rate, rough, share, signed } from "./numbers.ts";
import { progressBar, sparkline } from "./sparkline.ts";
import { table } from "./table.ts";

test("numbers as a person reads them", () => {
  expect([count(12031), plural(1, "row"), plural(2000, "row")]).toEqual(["12,031", "1 row", "2,000 rows"]);
  expect([3.21, 430, 9140, 61_000, 1_100_000].map(rough)).toEqual(["3.2", "430", "9.1 k", "61 k", "1.1 M"]);
  expect([48, 451, 3723].map(duration)).toEqual(["0:48", "7:31", "1:02:03"]);
  expect([0, 2e-5, 1.94e-5, 0.05].map(rate)).toEqual(["0", "2e-5", "1.9e-5", "0.050"]);
  expect([2e-5, 0.05, 8192, 0].map(number)).toEqual(["2e-5", "0.05", "8192", "0"]);
  expect([signed(0.0717), signed(-0.5, 1)]).toEqual(["+0.072", "-0.5"]);
  expect([share(1, 1000), share(12, 100), share(0, 0)]).toEqual(["0.1 %", "12 %", "0 %"]);
  expect(["ndcg@10", "mrr@5", "recall@100", "spearman_cosine"].map(metricLabel)).toEqual([
    "nDCG@10",
    "MRR@5",
    "recall@100",
    "spearman_cosine",
  ]);
});

test("a table aligns names left and figures right", () => {
  expect(
    table([
      ["", "nDCG@10"],
      ["BM25", "0.142"],
      ["after training", "0.9"],
    ]),
  ).toEqual(["                  nDCG@10", "  BM25              0.142", "  after training      0.9"]);
});

test("a sparkline shows a course in few letters, and no NaN", () => {
  expect(sparkline([8, 7, 6, 5, 4, 3, 2, 1], 8)).toBe("█▇▆▅▄▃▂▁");
  expect(sparkline([4, 4, 2, 2, NaN, 0, 0], 3)).toBe("█▅▁");
  expect(sparkline([1, 1], 8)).toBe("▁▁");
  expect(sparkline([], 8)).toBe("");
});

test("a bar is full at the end", () => {
  expect([progressBar(0, 4, 4), progressBar(1, 4, 4), progressBar(4, 4, 4)]).toEqual(["▕    ▏", "▕█   ▏", "▕████▏"]);
});
