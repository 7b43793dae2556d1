// Base against head, interleaved: fresh processes A B B A, the fastest sample of each piece of work on either side, and the spread of equal runs
// (A and A, B and B, the larger) as the measure of what this machine's clock is worth at the moment. A machine that others use only ever adds time, hence minima.

import { join } from "node:path";
import { total } from "../lib/numbers.ts";
import { root } from "../lib/paths.ts";
import { script } from "../lib/processes.ts";
import type { Base } from "./base.ts";
import type { Timed } from "./timed-work.ts";

export interface Comparison {
  readonly work: string;
  /** Seconds of the fastest sample. */
  readonly base: number;
  readonly head: number;
  /** head / base - 1. */
  readonly change: number;
  /** Slower by more than this may fail: max(8 %, three times the spread of equal runs). */
  readonly allowed: number;
  /** More than allowed, and more than 8 % in each pair of neighbouring runs: a machine that is faster for a while favours one side in some pairs, not in all. */
  readonly slower: boolean;
  /** False for a change above 8 % that equal runs could show, too: nobody knows. */
  readonly decided: boolean;
}

const LEAST = 0.08;

/** Rounds of A B B A: one where no change is above the least that is tolerated, else up to three. A true slowdown stays, a disturbance does not. */
const ROUNDS = 3;

/** Seconds after which no further round is begun. */
const PATIENCE = 100;

export interface Outcome {
  readonly works: readonly Comparison[];
  /** "linear +98 %": how the device's time a call of the busiest commands differs, the slower ones first. */
  readonly commands: readonly string[];
}

export type Side = "base" | "head";

/** The base cannot run the benchmarks of this checkout, which itself can: that is no fault of the change. */
export class BaseCannotRun extends Error {}

/** Compares what both sides measured. Throws when a side breaks; BaseCannotRun when that is the base, from its first run on. */
export function compare(base: Base): Promise<Outcome> {
  return compareBy((side) => {
    const folder = side === "base" ? base.folder : root;
    // A kernel is slowed on one side only, to show that it is seen.
    const options = { cwd: folder, ...(side === "base" && { env: { ATTUNE_SLOW_KERNEL: "" } }) };
    return script<Timed>(join(folder, "benchmarks", "gate", "timed-work.ts"), [], options);
  });
}

/** As `compare`, with a fresh measurement of a side from `measure`. */
export async function compareBy(measure: (side: Side) => Promise<Timed>): Promise<Outcome> {
  const runs: Readonly<Record<Side, Timed[]>> = { base: [await firstOfBase(measure)], head: [] };
  const until = performance.now() + 1000 * PATIENCE;
  let works: Comparison[] = [];
  for (let round = 0; round < ROUNDS && (round === 0 || performance.now() < until); round++) {
    const order: readonly Side[] = round === 0 ? ["head", "head", "base"] : ["base", "head", "head", "base"];
    for (const side of order) runs[side].push(await measure(side));
    works = judge(runs.base, runs.head);
    if (works.every(({ change }) => change <= LEAST)) break;
  }
  if (works.length === 0) throw new Error("no piece of work was measured on both sides");
  return { works, commands: changesByCommand(runs.base, runs.head) };
}

/** Benchmarks of today may ask for what the base has not. Where this checkout fails as well, the fault is its own. */
async function firstOfBase(measure: (side: Side) => Promise<Timed>): Promise<Timed> {
  try {
    return await measure("base");
  } catch (cause) {
    await measure("head");
    throw new BaseCannotRun(`the base cannot run these benchmarks: ${(cause as Error).message}`, { cause });
  }
}

/** Each piece of work that both sides ran, from two runs or more of the base. */
export function judge(base: readonly Timed[], head: readonly Timed[]): Comparison[] {
  const fastest = ({ samples }: Timed, work: string): number => Math.min(...samples[work]);
  const works = Object.keys(base[0].samples).filter((work) => head[0].samples[work]);
  return works.map((work) => {
    const [own, other] = [base, head].map((runs) => runs.map((run) => fastest(run, work)));
    const [before, now] = [Math.min(...own), Math.min(...other)];
    const allowed = Math.max(LEAST, 3 * spread(own), 3 * spread(other));
    const change = now / before - 1;
    const slower = change > allowed && own.every((seconds, pair) => other[pair] / seconds - 1 > LEAST);
    return { work, base: before, head: now, change, allowed, slower, decided: slower || change <= LEAST };
  });
}

/** How far the two fastest of equal runs are apart: with more rounds, they come closer to each other and to what the machine can do. */
function spread(seconds: readonly number[]): number {
  const [first, second = first] = seconds.toSorted((a, b) => a - b);
  return second / first - 1;
}

function changesByCommand(base: readonly Timed[], head: readonly Timed[]): string[] {
  const before = eachCall(base);
  const all = total(base.flatMap(({ spent }) => spent.map(({ seconds }) => seconds))) / base.length;
  return [...eachCall(head)]
    .flatMap(([work, now]) => {
      const earlier = before.get(work);
      return earlier && earlier.seconds > all / 50 ? [{ work, change: now.call / earlier.call - 1 }] : [];
    })
    .sort((a, b) => b.change - a.change)
    .map(({ work, change }) => `${work} ${change >= 0 ? "+" : ""}${(100 * change).toFixed(0)} %`);
}

/** Of the fastest run, by command: seconds of one call, and of all. */
function eachCall(runs: readonly Timed[]): Map<string, { call: number; seconds: number }> {
  const found = new Map<string, { call: number; seconds: number }>();
  for (const { work, calls, seconds } of runs.flatMap(({ spent }) => spent)) {
    const call = seconds / calls;
    if (!(call >= (found.get(work)?.call ?? Infinity))) found.set(work, { call, seconds });
  }
  return found;
}
