// Metrics for a person: those with cut-offs as a grid, others as a list.

import type { Scores } from "@attune/report";
import { metricLabel } from "./numbers.ts";
import { table } from "./table.ts";

/** Lines of a table of metrics, four digits each. */
export function metricLines(metrics: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(metrics);
  if (!names.every((name) => name.includes("@"))) return table(names.map((name) => [name, digits(metrics[name])]));
  const families = [...new Set(names.map((name) => name.split("@")[0]))];
  const cutoffs = [...new Set(names.map((name) => name.split("@")[1]))];
  const rows = families.map((family) => [
    metricLabel(`${family}@`).slice(0, -1),
    ...cutoffs.map((k) => metrics[`${family}@${k}`]?.toFixed(4) ?? ""),
  ]);
  return table([["", ...cutoffs.map((k) => `@${k}`)], ...rows]);
}

/** A score in four digits; what counts or times something in as many as it needs. */
export function digits(value: number): string {
  if (Math.abs(value) < 10) return value.toFixed(4);
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 100 ? 2 : 1);
}

/** Scores as a report shows them, in its order. */
export function scoresOf(metrics: Readonly<Record<string, number>>, primary: string): Scores {
  return Object.fromEntries(ordered(Object.keys(metrics), primary).map((name) => [metricLabel(name), metrics[name]]));
}

/** The primary metric, those with its cut-off, and all others. */
export function ordered(names: readonly string[], primary: string): string[] {
  const rank = (name: string): number => (name === primary ? 0 : cutoff(name) === cutoff(primary) ? 1 : 2);
  return [...names].sort((a, b) => rank(a) - rank(b));
}

/** "10" of "ndcg@10". */
export function cutoff(metric: string): string | undefined {
  return metric.split("@")[1];
}
