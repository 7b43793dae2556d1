// What a search for hard negatives found, as a part of an HTML report and as one of its own. Counts nothing itself.

import { baseName } from "@attune/core";
import type { Files } from "@attune/core";
import type { MiningReport, Suspect } from "@attune/mining";
import { renderReport } from "@attune/report";
import type { MiningFigures, Named } from "@attune/report";
import { settingsOf } from "./facts.ts";
import { count, plural, share } from "./numbers.ts";

/** A mining's report in the words of a page. */
export function miningFigures(report: MiningReport): MiningFigures {
  const { asked, queries, queriesShort, queriesWithNone, negatives, dropped, scores, margins, suspected, hubs } = report;
  const reasons = Object.entries(dropped).map(([reason, number]) => ({ name: words(reason), count: number }));
  return {
    queries: { asked, all: queries - queriesShort, fewer: queriesShort - queriesWithNone, none: queriesWithNone },
    negatives,
    facts: factsOf(report),
    dropped: reasons.sort((a, b) => b.count - a.count),
    scores: scores.histograms,
    margins,
    suspected: {
      summary: `${plural(suspected.pairs, "candidate")} of ${plural(suspected.queries, "query", "queries")} (${share(suspected.queries, queries)}) score above a marked answer. Perhaps nobody marked them; these are furthest above.`,
      examples: suspected.examples.map((example) => ({
        query: example.query,
        marked: { text: example.positive, score: example.positiveScore },
        found: { text: example.document, score: example.score },
        fate: fateOf(example),
        taken: example.fate === "negative",
      })),
    },
    hubs: hubs.map(({ document, queries: used }) => ({ name: document, count: used })),
  };
}

/** Where most queries find no negative: what is to blame. */
export function miningWarnings(report: MiningReport): string[] {
  const { asked, queries, queriesShort, queriesWithNone, documents, range, dropped } = report;
  if (queriesWithNone * 2 < queries) {
    if (queriesShort * 10 < queries || range.to >= documents) return [];
    const short = `${count(queriesShort)} of ${plural(queries, "query", "queries")}`;
    return [`${short} found fewer than ${asked} negatives in the ranks ${range.from}-${range.to}: a longer --range finds more`];
  }
  const [worst] = FILTERS.filter((reason) => dropped[reason]).sort((a, b) => dropped[b]! - dropped[a]!);
  const cause =
    range.from >= documents
      ? `the range begins at rank ${range.from}, and there are ${plural(documents, "document")}`
      : worst
        ? `most candidates were left out by ${FLAGS[worst]}`
        : `there are only ${plural(documents, "document")}, and the range begins at rank ${range.from}`;
  return [`${count(queriesWithNone)} of ${plural(queries, "query", "queries")} found no negative: ${cause}`];
}

/** Reasons that a setting has a say in. */
const FLAGS = {
  "relative-margin": "--relative-margin",
  "absolute-margin": "--absolute-margin",
  "max-score": "--max-score",
  "min-score": "--min-score",
  "near-duplicate": "--near-duplicate",
  "document-cap": "--per-document",
} as const;
const FILTERS = Object.keys(FLAGS) as (keyof typeof FLAGS)[];

/** What a mining was and what came out. */
export interface ReportedMining {
  readonly data: string;
  /** What candidates were found with: a model, vectors, BM25. */
  readonly source: string;
  readonly seconds: { readonly vectors: number; readonly mining: number };
  readonly warnings: readonly string[];
  readonly report: MiningReport;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Writes the page about a mining to `path`. */
export async function writeMiningReport(files: Files, path: string, mined: ReportedMining): Promise<void> {
  const { data, source, seconds, warnings, report, settings } = mined;
  const took = `${(seconds.vectors + seconds.mining).toFixed(1)} s`;
  const page = renderReport({
    title: `Hard negatives for ${baseName(data)}`,
    subtitle: `${plural(report.queries, "query", "queries")} · ${plural(report.documents, "document")} · ${source} · ${took}`,
    warnings: [...warnings, ...miningWarnings(report)],
    mining: miningFigures(report),
    settings: settingsOf(settings),
  });
  await files.write(path, page);
}

function factsOf({ documents, distinctNegatives, range, candidates, scores }: MiningReport): Named[] {
  const { positive, negative } = scores;
  const spread = ({ mean, median, min, max }: typeof positive): string =>
    `${digits(mean)} on average, median ${digits(median)}, from ${digits(min)} to ${digits(max)}`;
  return [
    ["documents", `${count(documents)}, of which ${count(distinctNegatives)} became negatives`],
    [
      "candidates",
      `${count(candidates)}, the first ${count(range.depth)} of each query; negatives are taken from ranks ${range.from}-${range.to}`,
    ],
    ["scores of positives", positive.count > 0 ? spread(positive) : "none"],
    ["scores of negatives", negative.count > 0 ? spread(negative) : "none"],
  ];
}

function fateOf({ fate }: Suspect): string {
  if (fate === "negative") return "taken as a negative";
  return fate === "not-taken" ? "not taken: others were" : `left out: ${words(fate)}`;
}

function words(reason: string): string {
  return reason.replaceAll("-", " ");
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
