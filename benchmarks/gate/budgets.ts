// budgets.json: what the project may cost. Read, written and compared here; nothing is measured here.

import { readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "../lib/paths.ts";
import type { Comparison } from "./compare.ts";
import type { Fractions } from "./floors.ts";

type Numbers = Readonly<Record<string, number>>;

export interface Instructions {
  /** "g++ 12": counts of another compiler are not comparable. */
  readonly compiler: string;
  /** By "instructions fp32 linear". */
  readonly counts: Numbers;
}

export interface Budgets {
  /** Counts of steps that are the same everywhere. */
  readonly exact: Numbers;
  /** Bytes of JavaScript. */
  readonly bundle: Numbers;
  readonly instructions: Instructions;
  /** Least fraction of the machine's own peak, by instruction set. */
  readonly floors: Readonly<Record<string, Numbers>>;
}

/** `ok` and `better` pass, `over`, `slower`, `missing` and `no budget` fail; the others are told. */
export type Verdict = "ok" | "better" | "over" | "slower" | "missing" | "no budget" | "below" | "new" | "undecided";

export interface Row {
  readonly counter: string;
  readonly budget: string;
  readonly now: string;
  readonly change: string;
  readonly verdict: Verdict;
}

const path = inRoot("benchmarks", "budgets.json");

export const readBudgets = (): Budgets => JSON.parse(readFileSync(path, "utf8")) as Budgets;
export const writeBudgets = (budgets: Budgets): void => writeFileSync(path, `${JSON.stringify(budgets, null, 2)}\n`);

const percent = (change: number): string => `${change >= 0 ? "+" : ""}${(100 * change).toFixed(1)} %`;
const shown = (value: number | undefined): string => (value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 }));

/** More than the budget times (1 + slack) is over it; a counter that is gone from the measurement is a check that was lost. */
export function judgeCounts(budgets: Numbers, now: Numbers, { slack = 0 } = {}): Row[] {
  return [...new Set([...Object.keys(budgets), ...Object.keys(now)])].map((counter) => {
    const [budget, value] = [budgets[counter], now[counter]];
    const change = budget && value !== undefined ? percent(value / budget - 1) : "";
    return { counter, budget: shown(budget), now: shown(value), change, verdict: verdictOf(budget, value, slack) };
  });
}

function verdictOf(budget: number | undefined, now: number | undefined, slack: number): Verdict {
  if (budget === undefined) return "new";
  if (now === undefined) return "missing";
  if (now > budget * (1 + slack)) return "over";
  return now < budget * (1 - slack) ? "better" : "ok";
}

/** Code may shrink below its budget without a word: only growth is looked at. */
export function judgeBundle(budgets: Numbers, now: Numbers): Row[] {
  return judgeCounts(budgets, now).map((row) => (row.verdict === "better" ? { ...row, verdict: "ok" } : row));
}

/**
 * 2 % where the same compiler made the kernels; another one's code differs by more than that without being wrong. What has no budget fails: it is work
 * that nobody has agreed to.
 */
export function judgeInstructions(budgets: Instructions, now: Instructions): Row[] {
  const rows = judgeCounts(budgets.counts, now.counts, { slack: budgets.compiler === now.compiler ? 0.02 : 0.25 });
  return rows.map((row) => (row.verdict === "new" ? { ...row, verdict: "no budget" } : row));
}

/** A fraction under its floor is `below`; whether that fails is the caller's business. A floor of which nothing was measured is a check that was lost. */
export function judgeFloors(budgets: Budgets["floors"], { isa, fractions }: Fractions): Row[] {
  const floors = budgets[isa] ?? {};
  return [...new Set([...Object.keys(floors), ...Object.keys(fractions)])].map((counter) => {
    const [floor, now] = [floors[counter], fractions[counter]];
    return { counter, budget: floor?.toFixed(2) ?? "", now: now?.toFixed(2) ?? "", change: "", verdict: verdictOfFloor(floor, now) };
  });
}

function verdictOfFloor(floor: number | undefined, now: number | undefined): Verdict {
  if (floor === undefined) return "new";
  if (now === undefined) return "missing";
  return now >= floor ? "ok" : "below"; // NaN is below
}

export function rowsOfComparison(works: readonly Comparison[]): Row[] {
  return works.map(({ work, base, head, change, allowed, slower, decided }) => ({
    counter: work,
    budget: `${(1000 * base).toFixed(0)} ms ${percent(allowed)}`,
    now: `${(1000 * head).toFixed(0)} ms`,
    change: percent(change),
    verdict: slower ? "slower" : decided ? "ok" : "undecided",
  }));
}

/** Today's counts as budgets: exact ones as they are, code with a tenth to grow into. */
export function withCounts(budgets: Budgets, { exact, bundle, instructions }: Partial<Budgets>): Budgets {
  const room = (bytes: number): number => Math.ceil((bytes * 1.1) / 1000) * 1000;
  const grown = bundle && Object.fromEntries(Object.entries(bundle).map(([name, bytes]) => [name, room(bytes)]));
  return { ...budgets, ...(exact && { exact }), ...(grown && { bundle: grown }), ...(instructions && { instructions }) };
}

/** Floors of one instruction set at 0.85 of what was just reached: measure on a quiet machine. */
export function withFloors(budgets: Budgets, { isa, fractions }: Fractions): Budgets {
  const floors = Object.fromEntries(Object.entries(fractions).map(([name, now]) => [name, Math.floor(85 * now) / 100]));
  return { ...budgets, floors: { ...budgets.floors, [isa]: floors } };
}
