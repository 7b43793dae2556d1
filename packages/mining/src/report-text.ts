// A mining report as lines for a terminal or a log.

import type { Histogram } from "@attune/core";
import type { MiningReport, Suspect } from "./report.ts";

/** Suspects on a terminal. */
const EXAMPLES = 8;

/** The report in about thirty lines, without colour. */
export function describeReport(report: MiningReport): string[] {
  const { queries, asked, negatives, scores, margins, suspected, hubs } = report;
  const kept = queries - report.queriesShort;
  return [
    `queries     ${count(queries)}: ${count(kept)} with all ${asked} negatives, ${count(report.queriesShort - report.queriesWithNone)} with fewer, ` +
      `${count(report.queriesWithNone)} with none (${percent(report.shareWithNone)})`,
    `negatives   ${count(negatives)}, ${count(report.distinctNegatives)} distinct of ${count(report.documents)} documents; ` +
      `ranks ${report.range.from} to ${report.range.to} of ${report.range.depth}`,
    `dropped     ${dropped(report)}`,
    `scores      positives ${score(scores.positive.mean)} on average, ${negatives > 0 ? `negatives ${score(scores.negative.mean)}` : "no negatives"}`,
    ...(margins.counts.length > 0 ? ["margins     score of the lowest positive minus that of the negative", ...bars(margins)] : []),
    `suspects    ${count(suspected.pairs)} candidates of ${count(suspected.queries)} queries score above a positive`,
    ...suspected.examples.slice(0, EXAMPLES).flatMap(example),
    ...(hubs.length > 0 ? [`hubs        most used: ${hubs[0].queries} queries have ${shorten(hubs[0].document)}`] : []),
  ];
}

function dropped({ dropped, candidates }: MiningReport): string {
  const reasons = Object.entries(dropped).sort((a, b) => b[1] - a[1]);
  const total = reasons.reduce((sum, [, number]) => sum + number, 0);
  const each = reasons.map(([reason, number]) => `${reason.replaceAll("-", " ")} ${count(number)}`).join(", ");
  return `${count(total)} of ${count(candidates)} candidates${each && `: ${each}`}`;
}

function bars({ edges, counts }: Histogram): string[] {
  const most = Math.max(...counts);
  const labels = counts.map((_, i) => `${score(edges[i])} … ${score(edges[i + 1])}`);
  const width = Math.max(...labels.map((label) => label.length));
  return counts.map((number, i) => {
    const bar = "█".repeat(Math.round((number / most) * 30)) || (number > 0 ? "▏" : "");
    return `            ${labels[i].padStart(width)}  ${bar} ${count(number)}`;
  });
}

function example({ query, positive, positiveScore, document, score: above, fate }: Suspect): string[] {
  return [
    `            ${shorten(query)}`,
    `              ${score(positiveScore)}  positive  ${shorten(positive)}`,
    `              ${score(above)}  ${fate === "negative" ? "NEGATIVE" : fate.replaceAll("-", " ")}  ${shorten(document)}`,
  ];
}

const count = (number: number): string => number.toLocaleString("en-US");
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const score = (value: number): string => Number(value.toPrecision(3)).toString();

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 90 ? line : `${line.slice(0, 89)}…`;
}
