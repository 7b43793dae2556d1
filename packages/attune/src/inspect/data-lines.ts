// What `attune inspect` says about data, in 80 columns.

import { columnsOf } from "../report/columns.ts";
import { count, plural, share } from "../report/numbers.ts";
import { table } from "../report/table.ts";
import { tell } from "./advice.ts";
import type { DataFacts, FolderFacts } from "./inspect-data.ts";
import type { LengthFacts } from "./lengths.ts";
import { wrapped } from "./wrap.ts";

const BAR = 30;

/** The lines for a person. */
export function dataLines(facts: DataFacts): string[] {
  const lines = [...headLines(facts)];
  for (const [kind, lengths] of Object.entries(facts.lengths)) lines.push("", ...lengthLines(kind, lengths, facts));
  if (facts.rows && facts.rows.pairs > 1) lines.push("", ...falseNegativeLines(facts.rows));
  lines.push("", ...findingLines(facts));
  return lines;
}

function headLines({ path, files, rows, beir, flagEmbedding }: DataFacts): string[] {
  if (beir) return [`${path}: a BEIR folder`, ...folderLines(beir)];
  if (flagEmbedding) return [`${path}: an evaluation set of FlagEmbedding`, ...folderLines(flagEmbedding)];
  const [{ format }] = files;
  const { pairs, negatives, labelled, anchors, distinctPositives, rows: all } = rows!;
  const several = files.length > 1 ? files.map((file) => `  ${file.path}: ${plural(file.rows, "row")}`) : [];
  return [
    ...wrapped(`${path}: ${format.layout === "columns" ? "" : `${format.layout} `}rows (${columnsOf(format)})`, "", "  "),
    ...several,
    `  ${plural(all, "row")} with ${plural(pairs, "positive pair")} and ${plural(negatives, "negative")}${labelled > 0 ? `, ${count(labelled)} with a label or score` : ""}`,
    `  ${plural(anchors, "different anchor")}, ${plural(distinctPositives, "different positive")}`,
  ];
}

function folderLines({ documents, queries, splits }: FolderFacts): string[] {
  const rows = splits.map((split) => [split.split, count(split.queries), count(split.judgements), count(split.relevant)]);
  return [
    `  ${plural(documents, "document")}, ${plural(queries, "query", "queries")}`,
    "",
    ...table([["split", "queries", "judgements", "relevant"], ...rows]),
  ];
}

function lengthLines(kind: string, lengths: LengthFacts, { unit, limit }: DataFacts): string[] {
  const { median, p95, longest, measured, texts, cut } = lengths;
  const sample = measured < texts ? `, measured on ${count(measured)}` : "";
  const cutting = cut === undefined ? "" : `; ${cut === 0 ? "none is" : `${share(cut, 1)} are`} cut at ${limit}`;
  const most = Math.max(...lengths.histogram.map((range) => range.texts));
  const bars = lengths.histogram.map(({ upTo, texts: inside }) => [
    `<= ${upTo}`,
    `${"█".repeat(Math.round((BAR * inside) / most))}${inside > 0 && (BAR * inside) / most < 0.5 ? "▏" : ""}`.padEnd(BAR),
    count(inside),
  ]);
  return [
    `${kind}: ${count(texts)} different${sample}`,
    `  median ${plural(median, unit.slice(0, -1))}, 95 of 100 up to ${p95}, longest ${count(longest)}${cutting}`,
    ...table(bars.map(([range, bar, inside]) => [range, bar, inside])),
  ];
}

function falseNegativeLines({ falseNegatives, pairs, anchors, distinctPositives }: NonNullable<DataFacts["rows"]>): string[] {
  const said = "false negatives in a batch";
  if (anchors === pairs && distinctPositives === pairs) return [`${said}: none expected (no anchor or positive is repeated)`];
  const sizes = Object.entries(falseNegatives).filter(([size]) => Number(size) < pairs);
  if (sizes.length === 0) {
    const [[smallest, related]] = Object.entries(falseNegatives);
    const shared = `${Math.round(related)} of ${pairs} pairs share their anchor or positive with another`;
    return wrapped(`${said}: ${shared}, and the data are no larger than a batch of ${smallest}`, "", "  ");
  }
  if (sizes.every(([, rows]) => rows < 0.01)) return [`${said}: fewer than 0.01 rows expected, even in one of ${sizes.at(-1)![0]}`];
  const rows = sizes.map(([size, expected]) => [size, expected.toFixed(expected < 10 ? 2 : 1), share(expected, Number(size))]);
  return [
    "false negatives expected in a batch drawn at random (same anchor or positive)",
    ...table([["batch size", "rows", "share"], ...rows]),
    ...wrapped("attune masks them where texts are equal; --sampler no-duplicates keeps them apart", "  "),
  ];
}

/** Two places in one file: its name once. */
function shortened(place: string): string {
  return place.replace(/^(.+):(\d+) and \1:(\d+)$/, "$1:$2 and line\u00A0$3");
}

function findingLines({ findings }: DataFacts): string[] {
  const told = findings.map((finding) => ({ finding, ...tell(finding) }));
  const problems = told.filter(({ problem }) => problem);
  const lines = problems.length === 0 ? ["no problems found"] : [plural(problems.length, "kind of problem", "kinds of problems")];
  for (const { finding, sentence, advised, problem } of [...problems, ...told.filter((one) => !one.problem)]) {
    lines.push(...wrapped(`${problem ? "!" : "-"} ${sentence}: ${advised}`, "  ", "    "));
    if (!problem) continue;
    for (const place of finding.places) lines.push(...wrapped(shortened(place), "      ", "        "));
    if (finding.count > finding.places.length) lines.push(`      … and ${count(finding.count - finding.places.length)} more`);
  }
  return lines;
}
