// The parts of the page that are words and tables. Each gives "" where it has nothing to show.

import { binFigure } from "./bins.ts";
import { escape, score, signed } from "./html.ts";
import type {
  AnswerCounts,
  AnswerScores,
  ChangedQuery,
  Comparison,
  FoundText,
  Named,
  ReportData,
  RightAndWrong,
  ScoredText,
  Scores,
} from "./report-data.ts";

export function warningList(warnings: readonly string[]): string {
  return warnings.length === 0 ? "" : `<ul>${warnings.map((warning) => `<li>${escape(warning)}</li>`).join("")}</ul>`;
}

export function factTable(facts: readonly Named[]): string {
  if (facts.length === 0) return "";
  const rows = facts.map(([name, value]) => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`);
  return `<table class="facts"><tbody>${rows.join("")}</tbody></table>`;
}

/** So many rows are seen at once; the others are folded away. */
export const OPEN = 8;

/** A list to unfold; empty for nothing. */
export function folded<T>(items: readonly T[], show: (items: readonly T[]) => string): string {
  return items.length === 0 ? "" : `<details><summary>${items.length} more</summary>${show(items)}</details>`;
}

/** The gain in large, then a row per metric. */
export function comparisonTable(comparison: Comparison | undefined): string {
  if (!comparison || Object.keys(comparison.after).length === 0) return "";
  const { source, baselines = [], before, after, primary } = comparison;
  const columns: [string, Scores][] = [
    ...baselines.map(({ name, scores }): [string, Scores] => [name, scores]),
    ...(before ? [["before", before] as [string, Scores]] : []),
    [before ? "after" : "score", after],
  ];
  const head = ["", ...columns.map(([name]) => name), ...(before ? ["gain"] : [])];
  const row = (metric: string): string => {
    const cells = columns.map(([, scores]) => `<td>${score(scores[metric])}</td>`).join("");
    const mark = metric === primary ? ' class="primary"' : "";
    return `<tr${mark}><th scope="row">${escape(metric)}</th>${cells}${before ? gainCell(before[metric], after[metric]) : ""}</tr>`;
  };
  const header = `<thead><tr>${head.map((name) => `<th scope="col">${escape(name)}</th>`).join("")}</tr></thead>`;
  const grid = (metrics: readonly string[]): string =>
    `<div class="scroll"><table class="scores">${header}<tbody>${metrics.map(row).join("")}</tbody></table></div>`;
  const names = Object.keys(after);
  return [
    source ? `<p class="note">${escape(source)}</p>` : "",
    headline(comparison),
    grid(names.slice(0, OPEN)),
    folded(names.slice(OPEN), grid),
  ].join("");
}

/** "+0.072 nDCG@10 (95 % interval 0.058 … 0.086)" */
function headline({ before, after, primary, gain }: Comparison): string {
  if (primary === undefined || !before) return "";
  const [from, to] = [before[primary], after[primary]];
  if (typeof from !== "number" || typeof to !== "number" || !Number.isFinite(to - from)) return "";
  const luck = gain?.p === undefined ? "" : `, p = ${gain.p.toPrecision(2)}`;
  const interval = gain ? `, 95 % interval of the gain ${score(gain.low)} … ${score(gain.high)}${luck}` : "";
  const name = escape(primary);
  return `<p class="gain"><strong${toneOf(to - from)}>${signed(to - from)} ${name}</strong>${score(from)} → ${score(to)}${interval}</p>`;
}

function gainCell(before: number | null | undefined, after: number | null): string {
  if (typeof before !== "number" || typeof after !== "number" || !Number.isFinite(after - before)) return "<td>–</td>";
  return `<td${toneOf(after - before)}>${signed(after - before)}</td>`;
}

/** The class of a gain; none for what is shown as no change. */
function toneOf(gain: number): string {
  if (signed(gain).slice(1) === "0.000") return "";
  return gain < 0 ? ' class="worse"' : ' class="better"';
}

/** Before and after side by side, on one scale. */
export function histograms({ edges, before, after }: AnswerScores): string {
  if (edges.length === 0) return "";
  const figures = [
    ...(before ? [answerFigure("Before", edges, before)] : []),
    ...(after ? [answerFigure(before ? "After" : "Scores", edges, after)] : []),
  ];
  return `<p class="key"><i class="right"></i>best right answer <i class="wrong"></i>best wrong answer, of each query</p>
<div class="histograms">${figures.join("")}</div>`;
}

function answerFigure(title: string, edges: readonly number[], { right, wrong, queries, won }: AnswerCounts): string {
  const sets = [
    { label: "wrong", tone: "wrong", counts: wrong },
    { label: "right", tone: "right", counts: right },
  ];
  return binFigure({ title, note: `right answer first for ${won} of ${queries} queries`, edges, sets, ownHeights: false });
}

/** Characters of a text that are shown. */
const LONGEST = 280;

export function answerList(answers: readonly RightAndWrong[]): string {
  if (answers.length === 0) return "";
  return `${list(answers.slice(0, OPEN))}${folded(answers.slice(OPEN), list)}`;
}

function list(answers: readonly RightAndWrong[]): string {
  return `<ul class="answers">${answers.map(item).join("")}</ul>`;
}

function item({ query, right, wrong }: RightAndWrong): string {
  const lost = wrong.score >= right.score;
  const line = (name: string, { text, score: value }: ScoredText, mark = ""): string =>
    `<dt${mark}>${name}</dt><dd>${score(value)}</dd><dd class="text">${escape(shortened(text))}</dd>`;
  const lines = [line("right", right), line("wrong", wrong, lost ? ' class="first"' : "")];
  return `<li><p class="query">${escape(shortened(query))}</p><dl>${(lost ? lines.reverse() : lines).join("")}</dl></li>`;
}

/** Queries that were won, then those that were lost, each with what either model found first. */
export function changeList(changes: ReportData["changes"]): string {
  const group = (title: string, queries: readonly ChangedQuery[]): string => {
    if (queries.length === 0) return "";
    const items = (some: readonly ChangedQuery[]): string => `<ul class="answers">${some.map(changeItem).join("")}</ul>`;
    return `<h3>${title}</h3>${items(queries.slice(0, OPEN))}${folded(queries.slice(OPEN), items)}`;
  };
  return changes ? `${group("Won", changes.wins)}${group("Lost", changes.losses)}` : "";
}

function changeItem({ query, before, after, firstBefore, firstAfter }: ChangedQuery): string {
  const line = (name: string, value: number, found: FoundText | undefined): string => {
    const text = found ? `${found.right ? "right" : "wrong"}: ${escape(shortened(found.text))}` : "";
    return `<dt>${name}</dt><dd>${score(value)}</dd><dd class="text">${text}</dd>`;
  };
  return `<li><p class="query">${escape(shortened(query))}</p><dl>${line("before", before, firstBefore)}${line("after", after, firstAfter)}</dl></li>`;
}

/** The beginning of a long text; no character is cut in two. */
export function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  const beginning = text.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, "");
  return `${beginning.trimEnd()} …`;
}
