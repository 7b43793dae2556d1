import { parseOptions } from "@attune/core";
import type { Context } from "@attune/core";
import { describe, expect, it } from "vitest";
import { readGolden } from "../test/golden.ts";
import { constant, cosine, linear, warmupSteps } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

interface Schedules {
  readonly baseLr: number;
  readonly cases: readonly {
    readonly name: string;
    readonly params: { readonly type: string; readonly warmupSteps?: number; readonly trainingSteps?: number; readonly numCycles?: number };
    readonly expected: readonly number[];
  }[];
}

const { baseLr, cases } = readGolden<Schedules>("optim/schedules.json");
const plugins = { constant, constant_with_warmup: constant, linear, cosine };

async function scheduleOf(type: string, cycles?: number): Promise<Schedule> {
  const plugin = plugins[type as keyof typeof plugins];
  return plugin.create(parseOptions(plugin.options, cycles === undefined ? {} : { cycles }, type) as never, {} as Context);
}

describe("transformers' schedules", () => {
  const known = cases.filter(({ params }) => params.type in plugins);

  it.each(known)("$name", async ({ params, expected }) => {
    const { type, warmupSteps: warmup = 0, trainingSteps: total = 20, numCycles } = params;
    const schedule = await scheduleOf(type, numCycles);
    expect(expected).toHaveLength(20);
    // nine digits of the rate, at most 2e-5
    for (const [step, rate] of expected.entries())
      expect(Math.abs(schedule.factor(step, total, warmup) * baseLr - rate)).toBeLessThan(1e-13);
  });

  it("are all there", () => {
    expect(known.map(({ name }) => name)).toEqual([
      "constant",
      "constant_with_warmup",
      "linear",
      "linear_no_warmup",
      "linear_warmup_only",
      "cosine",
      "cosine_cycles",
    ]);
  });
});

it("starts at 0 with warm-up, at the highest rate without, and linear and cosine end at 0", async () => {
  for (const type of ["constant", "linear", "cosine"]) {
    const schedule = await scheduleOf(type);
    expect(schedule.factor(0, 10, 3)).toBe(0);
    expect(schedule.factor(3, 10, 3)).toBe(1);
    expect(schedule.factor(0, 10, 0)).toBe(1);
    expect(schedule.factor(10, 10, 3)).toBe(type === "constant" ? 1 : 0);
    expect(schedule.factor(0, 1, 1)).toBe(0);
  }
});

it("counts warm-up as a share below 1, rounded up, and as steps from 1", () => {
  expect([0, 0.1, 0.11, 1, 5, 5.7].map((warmup) => warmupSteps(warmup, 29))).toEqual([0, 3, 4, 1, 5, 5]);
});

it("refuses cycles that are not positive", () => {
  expect(() => parseOptions(cosine.options, { cycles: 0 }, "schedule cosine")).toThrow("E_OPTION schedule cosine cycles");
});
