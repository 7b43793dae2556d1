// The gate's own judgement: what it lets pass, what it fails, and that both are told.

import { describe, expect, test } from "vitest";
import {
  judgeBundle,
  judgeCounts,
  judgeFloors,
  judgeInstructions,
  rowsOfComparison,
  withCounts,
  withFloors,
} from "../benchmarks/gate/budgets.ts";
import { againstBase } from "../benchmarks/gate/against-base.ts";
import { BaseCannotRun, compareBy, judge } from "../benchmarks/gate/compare.ts";
import type { Side } from "../benchmarks/gate/compare.ts";
import { namedAnew, namedByBudget, othersOf } from "../benchmarks/gate/instruction-names.ts";
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

describe("instructions are judged under the names of the budget", () => {
  const counts = { "instructions bf16 linear": 90_000_000, "instructions bf16 cast": 90_339, "instructions bf16 others": 40_000 };
  const budget = { compiler: "g++ 12", counts };
  const verdictsOf = (bf16: Record<string, number>) =>
    verdicts(judgeInstructions(budget, { compiler: "g++ 12", counts: namedByBudget({ bf16 }, counts) }));
  const all = (linear: string, cast: string, others: string) => ({
    "instructions bf16 linear": linear,
    "instructions bf16 cast": cast,
    "instructions bf16 others": others,
  });

  test("a kernel that gets cheaper keeps its name", () => {
    expect(verdictsOf({ linear: 90_000_000, cast: 89_500, norm: 40_000 })).toEqual(all("ok", "ok", "ok"));
    expect(verdictsOf({ linear: 90_000_000, cast: 1, norm: 40_000 })).toEqual(all("ok", "better", "ok"));
  });

  test("a kernel without a name that grows is seen in the others, and told by its own name", () => {
    expect(verdictsOf({ linear: 90_000_000, cast: 90_339, norm: 4_000_000 })).toEqual(all("ok", "ok", "over"));
    expect(othersOf({ bf16: { linear: 90_000_000, fill: 7, norm: 4_000_000 } }, counts)).toEqual(["bf16 norm 4,000,000", "bf16 fill 7"]);
  });

  test("what vanishes is missing, others that vanish cost nothing, and what has no budget at all fails", () => {
    expect(verdictsOf({ linear: 90_000_000, norm: 40_000 })).toEqual(all("ok", "missing", "ok"));
    expect(verdictsOf({ linear: 90_000_000, cast: 90_339 })).toEqual(all("ok", "ok", "better"));
    expect(verdictsOf({ linear: 90_000_000, cast: 90_339, norm: 40_000 })).not.toHaveProperty("instructions bf16 norm");
    const now = namedByBudget({ fp16: { linear: 5 } }, counts);
    expect(verdicts(judgeInstructions({ ...budget, counts: {} }, { compiler: "g++ 12", counts: now }))).toEqual({
      "instructions fp16 others": "no budget",
    });
  });

  test("an update names what has grown to a thousandth, and keeps the names that there are", () => {
    expect(namedAnew({ bf16: { linear: 90_000_000, cast: 80_000, norm: 4_000_000, fill: 7 } }, counts)).toEqual({
      "instructions bf16 linear": 90_000_000,
      "instructions bf16 norm": 4_000_000,
      "instructions bf16 cast": 80_000,
      "instructions bf16 others": 7,
    });
  });
});

test("a floor of which nothing was measured is missing", () => {
  const machine = { isa: "avx2", description: "", fractions: { linear: 0.7, encode: NaN } };
  const floors = { avx2: { linear: 0.5, encode: 0.5, attention: 0.3 } };
  expect(verdicts(judgeFloors(floors, machine))).toEqual({ linear: "ok", encode: "below", attention: "missing" });
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

test("a machine that was fast for a while in which the base ran twice shows no slower head", () => {
  const [fast, slow] = [1, 1.3];
  const judged = judge(runs(slow, fast, 1.02 * fast, slow), runs(slow, slow, slow, 1.02 * slow));
  expect(judged).toMatchObject([{ slower: false, decided: false }]);
  const slowed = judge(runs(slow, fast, 1.02 * fast, slow), runs(1.5 * slow, 1.5 * slow, 1.5 * slow, 1.5 * slow));
  expect(slowed).toMatchObject([{ slower: true, decided: true }]);
});

describe("rounds of a comparison", () => {
  /** Measures from two lists, as they come; `taken` is what was asked for. */
  const compared = async (base: number[], head: number[]) => {
    const taken: Side[] = [];
    const outcome = await compareBy(async (side) => {
      taken.push(side);
      return runs((side === "base" ? base : head).shift()!)[0];
    });
    return { taken, ...outcome.works[0], row: rowsOfComparison(outcome.works)[0].verdict };
  };

  test("one is enough where nothing looks slower", async () => {
    expect(await compared([1, 1.3], [1.05, 1.06])).toMatchObject({ taken: ["base", "head", "head", "base"], row: "ok" });
  });

  test("a change that a wide spread hides is looked at again, and found", async () => {
    const { taken, slower } = await compared([1, 1.17, 1, 1.01, 1, 1], [1.3, 1.31, 1.3, 1.31, 1.3, 1.3]);
    expect(slower).toBe(true);
    expect(taken).toHaveLength(12);
  });

  test("what stays undecided after all rounds is told as such", async () => {
    const row = await compared([1, 1.17, 1.2, 1.2, 1.2, 1.2], [1.3, 1.3, 1.3, 1.3, 1.3, 1.3]);
    expect(row).toMatchObject({ slower: false, row: "undecided" });
    expect(row.taken).toHaveLength(12);
  });

  test("a side that breaks is not a comparison that passes", async () => {
    const broken = (...sides: Side[]) => compareBy((side) => (sides.includes(side) ? Promise.reject(new Error(side)) : runsOf(side)));
    const runsOf = async (_side: Side) => runs(1)[0];
    await expect(broken("head")).rejects.toThrow(/^head$/);
    await expect(broken("base", "head")).rejects.toThrow(/^head$/);
    await expect(broken("base")).rejects.toBeInstanceOf(BaseCannotRun);
    await expect(compareBy(async () => ({ samples: {}, spent: [] }))).rejects.toThrow("no piece of work");
  });
});

describe("a comparison that does not take place", () => {
  const refuse = (message: string) => async (): Promise<never> => {
    throw new Error(message);
  };
  const steps = {
    defaultBase: async () => "abcdef" as string | undefined,
    prepareBase: async (commit: string) => ({ commit, folder: "" }),
    compare: async () => ({ works: [], commands: [] }),
  };

  test("fails where a base was named, and where this checkout breaks", async () => {
    await expect(againstBase("nonsense")).rejects.toThrow(/nonsense/);
    await expect(againstBase("abcdef", { ...steps, prepareBase: refuse("does not build") })).rejects.toThrow("does not build");
    await expect(againstBase(undefined, { ...steps, compare: refuse("crashed") })).rejects.toThrow("crashed");
  });

  test("says why where that is nobody's fault", async () => {
    const cannotRun = async (): Promise<never> => {
      throw new BaseCannotRun("the base cannot run these benchmarks: no export");
    };
    const reasons = await Promise.all([
      againstBase("none", steps),
      againstBase(undefined, { ...steps, defaultBase: async () => undefined }),
      againstBase(undefined, { ...steps, prepareBase: refuse("no network") }),
      againstBase("abcdef", { ...steps, compare: cannotRun }),
      againstBase("abcdef", steps),
    ]);
    expect(reasons).toEqual([
      { skipped: "no base was wanted" },
      { skipped: "this checkout has no earlier commit" },
      { skipped: "the base abcdef cannot be made ready here: no network" },
      { skipped: "the base cannot run these benchmarks: no export" },
      { commit: "abcdef", works: [], commands: [] },
    ]);
  });
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
