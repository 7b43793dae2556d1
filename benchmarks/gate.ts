// `npm run gate`: what must not get worse, against benchmarks/budgets.json and against an earlier commit. Counts fail, clocks fail only as a ratio
// inside one run; fractions of peak fail where nothing else runs (ATTUNE_BENCH_STRICT=1) and are told elsewhere.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readBudgets, writeBudgets } from "./gate/budgets.ts";
import type { Budgets, Verdict } from "./gate/budgets.ts";
import { parts } from "./gate/sections.ts";
import type { Section } from "./gate/sections.ts";
import { markdownTable, textTable } from "./lib/table.ts";

const usage = `npm run gate -- [options]
  --only NAMES      some of ${Object.keys(parts).join(", ")}
  --base COMMIT     what to compare with (ATTUNE_BENCH_BASE); "none": nothing. Where this branch left main when left out
  --markdown FILE   the result as a Markdown table
  --update          makes today's counts the budgets: for a change that is meant to cost more, with the reason in its commit
  --update-floors   makes 0.85 of today's fractions of peak the floors of this instruction set: on a quiet machine`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(parts).join(",") },
    base: { type: "string" },
    markdown: { type: "string" },
    update: { type: "boolean", default: false },
    "update-floors": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const strict = process.env.ATTUNE_BENCH_STRICT === "1";
const head = ["counter", "budget", "now", "change", "verdict"];
const cells = ({ rows }: Section): string[][] => rows.map((row) => [row.counter, row.budget, row.now, row.change, wordFor(row.verdict)]);

const fails = (verdict: Verdict): boolean =>
  ["over", "slower", "missing", "no budget"].includes(verdict) || (verdict === "below" && strict);
const wordFor = (verdict: Verdict): string =>
  fails(verdict) ? `${verdict.toUpperCase()}: fails` : ["below", "undecided"].includes(verdict) ? `${verdict} (told, not failed)` : verdict;

function print({ title, notes, ...section }: Section, seconds: number): void {
  console.log(`\n${title} · ${seconds.toFixed(0)} s`);
  for (const note of notes) console.log(`  ${note}`);
  if (section.rows.length > 0) for (const line of textTable([head, ...cells({ title, notes, ...section })])) console.log(`  ${line}`);
}

/** Failures first and in full; everything else folded. */
function markdown(sections: readonly Section[], failed: number): string {
  const lines = [`### Gate: ${failed === 0 ? "passed" : `${failed} over budget`}`, ""];
  const bad = sections.flatMap((section) => cells(section).filter((_, i) => fails(section.rows[i].verdict)));
  if (bad.length > 0) lines.push(...markdownTable([head, ...bad]), "", advice, "");
  for (const section of sections) {
    const { title, notes, rows } = section;
    lines.push(`<details><summary>${title}: ${summary(section)}</summary>`, "", ...notes.map((note) => `${note}  `), "");
    if (rows.length > 0) lines.push(...markdownTable([head, ...cells(section)]));
    lines.push("", "</details>");
  }
  return `${lines.join("\n")}\n`;
}

function summary({ rows, notes }: Section): string {
  if (rows.length === 0) return notes.join("; ");
  const counts = new Map<Verdict, number>();
  for (const { verdict } of rows) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
}

/** A part that breaks has checked nothing, so it fails. */
function broken(name: string, error: unknown): Section {
  const message = error instanceof Error ? error.message : String(error);
  return { title: name, notes: [message], rows: [{ counter: name, budget: "", now: BROKE, change: "", verdict: "missing" }] };
}

const BROKE = "broke";
const isBroken = ({ rows }: Section): boolean => rows.some(({ now }) => now === BROKE);

const advice =
  "A change that is meant to cost more: npm run gate -- --update, and commit benchmarks/budgets.json with the reason. Where a kernel went: npm run bench -- gemm|attention|rows|steps.";

async function main(): Promise<void> {
  if (options.help) return console.log(usage);
  const names = options.only.split(",");
  const unknown = names.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) {
    console.error(`${unknown} is no part of the gate\n${usage}`);
    process.exitCode = 2;
    return;
  }
  let budgets: Budgets = readBudgets();
  const sections: Section[] = [];
  const unmeasured: string[] = [];
  for (const name of names) {
    const started = performance.now();
    const section = await parts[name](budgets, { base: options.base ?? process.env.ATTUNE_BENCH_BASE }).catch((error) =>
      broken(name, error),
    );
    print(section, (performance.now() - started) / 1000);
    sections.push(section);
    const wanted = name === "floors" ? options["update-floors"] : options.update;
    if (wanted && section.updated) budgets = section.updated;
    else if (wanted && name !== "compare") unmeasured.push(name);
  }
  const failed = sections.flatMap(({ rows }) => rows).filter(({ verdict }) => fails(verdict)).length;
  if (options.markdown !== undefined) writeFileSync(options.markdown, markdown(sections, failed));
  if (options.update || options["update-floors"]) {
    writeBudgets(budgets);
    console.log(`\nbudgets.json is written${unmeasured.length > 0 ? `, but not of what was not measured: ${unmeasured.join(", ")}` : ""}`);
    process.exitCode = sections.some(isBroken) ? 1 : 0;
    return;
  }
  for (const { title, ...section } of sections) console.log(`\n${title}: ${summary({ title, ...section })}`);
  if (failed > 0) console.log(`\n${failed} over budget. ${advice}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

await main();
