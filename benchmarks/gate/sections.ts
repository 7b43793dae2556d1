// The parts of the gate: each measures one kind of thing and compares it with its budget. A part that cannot run here says why.

import { loadAddon } from "@attune/backend-cpu";
import { fileURLToPath } from "node:url";
import { script } from "../lib/processes.ts";
import { againstBase } from "./against-base.ts";
import { judgeBundle, judgeCounts, judgeFloors, judgeInstructions, rowsOfComparison, withCounts, withFloors } from "./budgets.ts";
import type { Budgets, Row } from "./budgets.ts";
import { bundleBytes } from "./bundle.ts";
import { measureFractions } from "./floors.ts";
import { namedAnew, namedByBudget, othersOf } from "./instruction-names.ts";
import type { CountedInstructions } from "./instructions.ts";

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
  const now = await fixed<CountedInstructions | { reason: string }>("count.ts");
  if ("reason" in now) return { title, rows: [], notes: [`not counted: ${now.reason}`] };
  const { compiler, commands } = now;
  const budget = budgets.instructions;
  const notes = [
    compiler === budget.compiler ? `${compiler}, 2 % allowed` : `budgets are of ${budget.compiler}, this is ${compiler}: 25 % allowed`,
  ];
  const rows = judgeInstructions(budget, { compiler, counts: namedByBudget(commands, budget.counts) });
  if (rows.some(({ counter, verdict }) => counter.endsWith(" others") && verdict !== "ok"))
    notes.push(`others: ${othersOf(commands, budget.counts).slice(0, 8).join(", ")}`);
  const updated = withCounts(budgets, { instructions: { compiler, counts: namedAnew(commands, budget.counts) } });
  return { title, rows, notes, updated };
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
  const compared = await againstBase(asked);
  if ("skipped" in compared) return { title, rows: [], notes: [`NOT COMPARED: ${compared.skipped}`] };
  const { commit, works, commands } = compared;
  const notes = [`base ${commit.slice(0, 12)}; minima of A B B A in fresh processes`];
  const blind = Math.max(...works.map(({ allowed }) => allowed));
  if (blind > 0.25)
    notes.push(`this machine is busy: equal runs differ so much that up to ${(100 * blind).toFixed(0)} % cannot be told apart`);
  const rows = rowsOfComparison(works);
  if (rows.some(({ verdict }) => verdict === "slower")) notes.push(`device time a call: ${commands.join(", ")}`);
  return { title, rows, notes };
};

/** By name, in the order in which they run. */
export const parts: Readonly<Record<string, Part>> = { counters, bundle, instructions, floors, compare: comparison };
