// The parts of the gate: each measures one kind of thing and compares it with its budget. A part that cannot run here says why.

import { loadAddon } from "@attune/backend-cpu";
import { fileURLToPath } from "node:url";
import { script } from "../lib/processes.ts";
import { defaultBase, prepareBase } from "./base.ts";
import { judgeBundle, judgeCounts, judgeFloors, judgeInstructions, rowsOfComparison, withCounts, withFloors } from "./budgets.ts";
import type { Budgets, Row } from "./budgets.ts";
import { bundleBytes } from "./bundle.ts";
import { compare } from "./compare.ts";
import { measureFractions } from "./floors.ts";
import type { Instructions } from "./instructions.ts";

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** What a reader should know: the machine, the base, why there is nothing. */
  readonly notes: readonly string[];
  /** The budgets with what was just measured in place of this part. */
  readonly updated?: Budgets;
}

export interface GateOptions {
  /** A commit to compare with; "none"; undefined: where the branch began. */
  readonly base: string | undefined;
}

type Part = (budgets: Budgets, options: GateOptions) => Promise<Section>;

/** A script of this folder under AVX2: widths of panels are in what it counts. */
const fixed = <T>(name: string): Promise<T> =>
  script<T>(fileURLToPath(new URL(name, import.meta.url)), [], { env: { ATTUNE_CPU_ISA: "avx2" } });

const counters: Part = async (budgets) => {
  const title = "Counters of a step";
  const { available } = loadAddon().instructionSet();
  if (!available.includes("avx2")) return { title, rows: [], notes: [`not judged: they are kept for AVX2, which this machine has not`] };
  const exact = await fixed<Record<string, number>>("counters.ts");
  return { title, rows: judgeCounts(budgets.exact, exact), notes: [], updated: withCounts(budgets, { exact }) };
};

const bundle: Part = async (budgets) => {
  const bytes = await bundleBytes();
  return {
    title: "Bytes of JavaScript",
    rows: judgeBundle(budgets.bundle, bytes),
    notes: [],
    updated: withCounts(budgets, { bundle: bytes }),
  };
};

const instructions: Part = async (budgets) => {
  const title = "Instructions of the native kernels (AVX2, callgrind)";
  const now = await fixed<Instructions | { reason: string }>("count.ts");
  if ("reason" in now) return { title, rows: [], notes: [`not counted: ${now.reason}`] };
  const { compiler } = budgets.instructions;
  const notes =
    now.compiler === compiler ? [`${compiler}, 2 % allowed`] : [`budgets are of ${compiler}, this is ${now.compiler}: 25 % allowed`];
  return { title, rows: judgeInstructions(budgets.instructions, now), notes, updated: withCounts(budgets, { instructions: now }) };
};

const floors: Part = async (budgets) => {
  const measured = await measureFractions();
  const notes = [measured.description];
  if (!budgets.floors[measured.isa]) notes.push(`there are no floors for ${measured.isa} yet`);
  return {
    title: "Fractions of the machine's own peak",
    rows: judgeFloors(budgets.floors, measured),
    notes,
    updated: withFloors(budgets, measured),
  };
};

const comparison: Part = async (_budgets, { base: asked }) => {
  const title = "Time against the base, interleaved";
  const nothing = (reason: string): Section => ({ title, rows: [], notes: [`not compared: ${reason}`] });
  if (asked === "none") return nothing("no base was wanted");
  try {
    const name = asked ?? (await defaultBase());
    if (!name) return nothing("this checkout has no earlier commit");
    const base = await prepareBase(name);
    const { works, commands } = await compare(base);
    const notes = [`base ${base.commit.slice(0, 12)}; minima of A B B A in fresh processes`];
    const blind = Math.max(...works.map(({ allowed }) => allowed));
    if (blind > 0.25)
      notes.push(`this machine is busy: equal runs differ so much that up to ${(100 * blind).toFixed(0)} % cannot be told apart`);
    const rows = rowsOfComparison(works);
    if (rows.some(({ verdict }) => verdict === "slower")) notes.push(`device time a call: ${commands.join(", ")}`);
    return { title, rows, notes };
  } catch (error) {
    return nothing(error instanceof Error ? error.message : String(error));
  }
};

/** By name, in the order in which they run. */
export const parts: Readonly<Record<string, Part>> = { counters, bundle, instructions, floors, compare: comparison };
