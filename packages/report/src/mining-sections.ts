// The parts of the page about hard negatives. Each gives "" where it has nothing to show.

import { binFigure } from "./bins.ts";
import { escape, score, whole } from "./html.ts";
import type { Counted, MiningFigures, SuspectedAnswer } from "./mining-figures.ts";
import { factTable, folded, OPEN, shortened } from "./sections.ts";

/** How many queries have all that was asked for, as a headline and a bar; what was searched; what was left out. */
export function outcome(mining: MiningFigures | undefined): string {
  if (!mining) return "";
  const { queries, negatives, facts, dropped } = mining;
  const total = queries.all + queries.fewer + queries.none;
  const parts = [
    { name: `all ${queries.asked}`, count: queries.all, tone: "full" },
    { name: "fewer", count: queries.fewer, tone: "some" },
    { name: "none", count: queries.none, tone: "none" },
  ].filter(({ count }) => count > 0);
  const segments = parts.map(({ count, tone }) => `<i class="${tone}" style="flex-grow:${count}"></i>`).join("");
  const key = parts.map(
    ({ name, count, tone }) => `<span><i class="${tone}"></i>${name}: ${whole(count)} (${percent(count, total)})</span>`,
  );
  return [
    `<p class="gain"><strong>${whole(negatives)} ${negatives === 1 ? "negative" : "negatives"}</strong>`,
    `for ${whole(total)} ${total === 1 ? "query" : "queries"}, ${queries.none === 0 ? "each with at least one" : `of which ${percent(queries.none, total)} have none`}</p>`,
    `<div class="share" aria-hidden="true">${segments}</div><p class="key">${key.join(" ")}</p>`,
    factTable(facts),
    dropped.length === 0 ? "" : `<h3>Candidates left out, by reason</h3>${countTable(dropped)}`,
  ].join("");
}

/** Scores of positives and negatives laid over each other, and the margins between them. */
export function marginFigures(mining: MiningFigures | undefined): string {
  if (!mining || mining.margins.counts.length === 0) return "";
  const { scores, margins } = mining;
  const [above, below] = [true, false].map((suspect) =>
    margins.counts.map((count, i) => (margins.edges[i + 1] <= 0 === suspect ? count : 0)),
  );
  const over = above.reduce((sum, count) => sum + count, 0);
  const said = over === 0 ? "" : `; ${whole(over)} ${over === 1 ? "negative scores" : "negatives score"} above it`;
  const figures = [
    binFigure({
      title: "Scores",
      note: "of positives and negatives, each to its own height",
      edges: scores.edges,
      sets: [
        { label: "negatives", tone: "wrong", counts: scores.negative },
        { label: "positives", tone: "right", counts: scores.positive },
      ],
      ownHeights: true,
    }),
    binFigure({
      title: "Margins",
      note: `score of the lowest positive minus that of the negative${said}`,
      edges: margins.edges,
      sets: [
        { label: "negatives", tone: "wrong", counts: below },
        { label: "negatives above the positive", tone: "suspect", counts: above },
      ],
      ownHeights: false,
    }),
  ];
  const key = `<p class="key"><i class="right"></i>positives <i class="wrong"></i>negatives${over > 0 ? ' <i class="suspect"></i>negatives above the positive' : ""}</p>`;
  return `${key}<div class="histograms">${figures.join("")}</div>`;
}

/** Documents that score above a marked answer, with all texts. */
export function suspectList(mining: MiningFigures | undefined): string {
  if (!mining || mining.suspected.examples.length === 0) return "";
  const { summary, examples } = mining.suspected;
  const list = (some: readonly SuspectedAnswer[]): string => `<ul class="answers">${some.map(suspectItem).join("")}</ul>`;
  return `<p class="note">${escape(summary)}</p>${list(examples.slice(0, OPEN))}${folded(examples.slice(OPEN), list)}`;
}

function suspectItem({ query, marked, found, fate, taken }: SuspectedAnswer): string {
  const line = (name: string, { text, score: value }: typeof marked, more = ""): string =>
    `<dt>${name}</dt><dd>${score(value)}</dd><dd class="text">${escape(shortened(text))}${more}</dd>`;
  const became = ` <span class="fate${taken ? " taken" : ""}">${escape(fate)}</span>`;
  return `<li><p class="query">${escape(shortened(query))}</p><dl>${line("found", found, became)}${line("marked", marked)}</dl></li>`;
}

/** The documents that are negatives most often. */
export function hubTable(mining: MiningFigures | undefined): string {
  if (!mining || mining.hubs.length === 0) return "";
  const rows = mining.hubs.map(({ name, count }) => `<tr><td>${whole(count)}</td><td>${escape(shortened(name))}</td></tr>`);
  return `<table class="hubs"><thead><tr><th scope="col">queries</th><th scope="col">document</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/** Names, numbers, and bars that compare them. */
function countTable(counted: readonly Counted[]): string {
  const most = Math.max(...counted.map(({ count }) => count));
  const rows = counted.map(
    ({ name, count }) =>
      `<tr><th scope="row">${escape(name)}</th><td>${whole(count)}</td><td><i style="width:${((100 * count) / most).toFixed(1)}%"></i></td></tr>`,
  );
  return `<table class="counts"><tbody>${rows.join("")}</tbody></table>`;
}

function percent(part: number, total: number): string {
  return `${(total === 0 ? 0 : (100 * part) / total).toFixed(1)} %`;
}
