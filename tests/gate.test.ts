// The gate's own judgement: what it lets pass, what it fails, and that both are told.

import { expect, test } from "vitest";
import { judgeBundle, judgeCounts, judgeFloors, judgeInstructions, withCounts, withFloors } from "../benchmarks/gate/budgets.ts";
import { judge } from "../benchmarks/gate/compare.ts";
import { markdownTable, textTable } from "../benchmarks/lib/table.ts";

const verdicts = (rows: readonly { counter: string; verdict: string }[]) =>
  Object.fromEntries(rows.map(({ counter, verdict }) => [counter, verdict]));

test("one launch more than the budget is over it; a counter that is no longer measured is missing", () => {
  const rows = judgeCounts({ launches: 200, bytes: 1000, gone: 1 }, { launches: 201, bytes: 999, fresh: 3 });
  expect(verdicts(rows)).toEqual({ launches: "over", bytes: "better", gone: "missing", fresh: "new" });
  expect(rows[0]).toMatchObject({ budget: "200", now: "201", change: "+0.5 %" });
});

test("a budget of nothing allows nothing", () => {
  expect(verdicts(judgeCounts({ allocations: 0 }, { allocations: 1 }))).toEqual({ allocations: "over" });
  expect(verdicts(judgeCounts({ allocations: 0 }, { allocations: 0 }))).toEqual({ allocations: "ok" });
});

test("code may shrink; a new package has no budget yet", () => {
  expect(verdicts(judgeBundle({ a: 100, b: 100 }, { a: 90, b: 101, c: 5 }))).toEqual({ a: "ok", b: "over", c: "new" });
});

test("instructions have 2 % of room with the same compiler, 25 % with another", () => {
  const budget = { compiler: "g++ 12", counts: { linear: 1000 } };
  const at = (compiler: string, linear: number) => verdicts(judgeInstructions(budget, { compiler, counts: { linear } })).linear;
  expect([at("g++ 12", 1019), at("g++ 12", 1021), at("g++ 14", 1021), at("g++ 14", 1251)]).toEqual(["ok", "over", "ok", "over"]);
});

test("floors are those of the machine's instruction set", () => {
  const machine = { isa: "avx2", description: "", fractions: { linear: 0.7, encode: 0.8 } };
  expect(verdicts(judgeFloors({ avx2: { linear: 0.75, encode: 0.75 }, avx512: { linear: 0.9 } }, machine))).toEqual({
    linear: "below",
    encode: "ok",
  });
  expect(verdicts(judgeFloors({}, machine))).toEqual({ linear: "new", encode: "new" });
});

test("an update takes counts as they are, leaves code a tenth, and sets floors of one instruction set only", () => {
  const before = { exact: { old: 1 }, bundle: {}, instructions: { compiler: "", counts: {} }, floors: { neon: { linear: 0.5 } } };
  expect(withCounts(before, { exact: { launches: 3 } }).exact).toEqual({ launches: 3 });
  expect(withCounts(before, { bundle: { a: 10_000 } })).toMatchObject({ bundle: { a: 11_000 }, exact: { old: 1 } });
  const { floors } = withFloors(before, { isa: "avx2", description: "", fractions: { linear: 0.91 } });
  expect(floors).toEqual({ neon: { linear: 0.5 }, avx2: { linear: 0.77 } });
});

const runs = (...seconds: number[]) => seconds.map((fastest) => ({ samples: { step: [2 * fastest, fastest] }, spent: [] }));

test("equal within 8 % is equal; beyond it, three times the spread of equal runs decides", () => {
  const slower = (base: number[], head: number[]) => judge(runs(...base), runs(...head)).map((one) => one.slower);
  expect(slower([1, 1.01], [1.07, 1.2])).toEqual([false]);
  expect(slower([1, 1.01], [1.09, 1.1])).toEqual([true]);
  expect(slower([1, 1.1], [1.29, 1.3])).toEqual([false]);
  expect(slower([1, 1.1], [1.31, 1.32])).toEqual([true]);
  expect(slower([1, 1.01], [1.29, 1.5])).toEqual([false]);
});

test("only what both sides ran is compared", () => {
  const head = [{ samples: { step: [1], other: [1] }, spent: [] }];
  expect(judge(runs(1, 1), head).map(({ work }) => work)).toEqual(["step"]);
});

test("tables line up, and Markdown's bars are escaped", () => {
  const rows = [
    ["counter", "now"],
    ["a|b", "1,000"],
    ["launches", "7"],
  ];
  expect(textTable(rows)).toEqual(["counter     now", "a|b       1,000", "launches      7"]);
  expect(markdownTable(rows)[2]).toBe("| a\\|b | 1,000 |");
});
