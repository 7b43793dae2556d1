// A comparison of two models for a person, in 80 columns.

import type { PairedComparison } from "@attune/evaluation";
import type { ChangedQuery, FoundText } from "@attune/report";
import { cutoff, digits, ordered } from "./metrics.ts";
import { count, metricLabel, plural, signed } from "./numbers.ts";
import { table } from "./table.ts";

type Metrics = Readonly<Record<string, number>>;

const WIDTH = 80;

/** Side by side: the primary metric, those with its cut-off, and all without one. */
export function sideBySide(
  base: Metrics,
  tuned: Metrics,
  { primary, names }: { primary: string; names: readonly [string, string] },
): string[] {
  const all = ordered(Object.keys(tuned), primary);
  const shown = all.every((name) => name.includes("@")) ? all.filter((name) => cutoff(name) === cutoff(primary)) : all;
  const row = (name: string): string[] => [metricLabel(name), digits(base[name]), digits(tuned[name]), signed(tuned[name] - base[name], 4)];
  return table([["", ...names, "gain"], ...shown.map(row)]);
}

/** The gain with its interval, whether that may be luck, and how many queries were won. */
export function significanceLines({ gain, p, queries, wins, ties, losses }: PairedComparison, primary: string): string[] {
  const verdict = wins + losses === 0 ? "" : p < 0.05 ? ": more than luck" : ": may be luck";
  return [
    `  gain      ${signed(gain.mean, 4)} ${metricLabel(primary)}, 95 % interval ${signed(gain.low)} … ${signed(gain.high)}`,
    `  p-value   ${p < 0.001 ? p.toFixed(5) : p.toFixed(3)}, paired randomisation test${verdict}`,
    `  queries   ${count(queries)}: ${count(wins)} won, ${count(ties)} tied, ${count(losses)} lost`,
  ];
}

/** The queries that changed most, with what was found first. */
export function changeLines(
  { wins, losses }: { wins: readonly ChangedQuery[]; losses: readonly ChangedQuery[] },
  names: readonly [string, string],
): string[] {
  const group = (title: string, queries: readonly ChangedQuery[]): string[] =>
    queries.length === 0 ? [] : ["", `  ${title}`, ...queries.flatMap((query) => itemLines(query, names))];
  return [
    ...group(`${plural(wins.length, "largest win")}`, wins),
    ...group(`${plural(losses.length, "largest loss", "largest losses")}`, losses),
  ];
}

function itemLines({ query, before, after, firstBefore, firstAfter }: ChangedQuery, [base, tuned]: readonly [string, string]): string[] {
  const found = (name: string, value: number, first: FoundText | undefined): string =>
    fitted(`      ${name.padEnd(6)} ${value.toFixed(2)}  ${first ? `${first.right ? "right" : "wrong"}  ${oneLine(first.text)}` : ""}`);
  return [fitted(`    ${signed(after - before, 2)}  ${oneLine(query)}`), found(base, before, firstBefore), found(tuned, after, firstAfter)];
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}

/** At most 80 columns of a line. */
function fitted(line: string): string {
  const letters = Array.from(line.trimEnd());
  return letters.length <= WIDTH
    ? letters.join("")
    : `${letters
        .slice(0, WIDTH - 2)
        .join("")
        .trimEnd()} …`;
}
