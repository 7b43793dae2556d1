// Metrics for a person: those with cut-offs as a grid, others as a list.

import { metricLabel } from "./numbers.ts";
import { table } from "./table.ts";

/** Lines of a table of metrics, four digits each. */
export function metricLines(metrics: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(metrics);
  if (!names.every((name) => name.includes("@"))) return table(names.map((name) => [name, metrics[name].toFixed(4)]));
  const families = [...new Set(names.map((name) => name.split("@")[0]))];
  const cutoffs = [...new Set(names.map((name) => name.split("@")[1]))];
  const rows = families.map((family) => [
    metricLabel(`${family}@`).slice(0, -1),
    ...cutoffs.map((k) => metrics[`${family}@${k}`]?.toFixed(4) ?? ""),
  ]);
  return table([["", ...cutoffs.map((k) => `@${k}`)], ...rows]);
}
