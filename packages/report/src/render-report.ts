// The page as a whole. One file with all that it needs: it loads nothing, sends nothing, and can be mailed.

import { chartData, chartPlaces, metricChart, stepCharts } from "./charts.ts";
import { escape, section } from "./html.ts";
import { hubTable, marginFigures, outcome, suspectList } from "./mining-sections.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import type { Progress, ReportData } from "./report-data.ts";
import { answerList, changeList, comparisonTable, factTable, histograms, warningList } from "./sections.ts";
import { uplotLicence, uplotScript, uplotStyle } from "./uplot-source.ts";

/** What the page may do, said to the browser too: run and style itself, and no network. */
export const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/**
 * A self-contained HTML page, for light and dark and for phones; the same data give the same bytes. Texts are escaped. With `growing`, it can
 * draw charts even if there are none yet: what `makeLive` needs.
 */
export function renderReport(data: ReportData, { growing = false }: { growing?: boolean } = {}): string {
  const { title, subtitle, progress, curves, log, metrics = [] } = data;
  const steps = curves && curves.steps.length > 0 ? stepCharts(curves) : { charts: [], note: "" };
  const overSteps = metrics.length > 0 && metrics[0].steps.length > 0 ? [metricChart(metrics)] : [];
  const charts = [...steps.charts, ...overSteps];
  const drawing = growing || charts.length > 0;
  const sections = [
    section("warnings", "Warnings", warningList(data.warnings ?? [])),
    section("comparison", data.comparison?.before ? "Before and after" : "Scores", comparisonTable(data.comparison)),
    section("training", "Training", chartPlaces(steps.charts, log) + note(steps.note)),
    section("metrics", "Evaluation", chartPlaces(overSteps, log)),
    section("scores", "Right and wrong answers, by score", data.scores ? histograms(data.scores) : ""),
    section("changes", "Queries that changed most", changeList(data.changes)),
    section("answers", "Nearest wrong answers", answerList(data.wrongAnswers ?? [])),
    section("negatives", "Hard negatives", outcome(data.mining)),
    section("margins", "Positives and negatives, by score", marginFigures(data.mining)),
    section("suspects", "Suspected false negatives", suspectList(data.mining)),
    section("hubs", "Most used negatives", hubTable(data.mining)),
    section("data", "Data", factTable(data.data ?? [])),
    section("settings", "Settings", factTable(data.settings ?? [])),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escape(title)}</title>
<style>${drawing ? uplotStyle : ""}${pageStyle}</style>
</head>
<body>
<main>
<header><h1>${escape(title)}</h1>${subtitle ? `<p class="subtitle">${escape(subtitle)}</p>` : ""}${progressBar(progress)}</header>
${sections.filter(Boolean).join("\n")}
</main>
${drawing ? `${chartData(charts)}\n<script>${uplotLicence}\n${uplotScript}</script>\n<script>${pageScript}</script>\n` : ""}</body>
</html>
`;
}

function progressBar(progress: Progress | undefined): string {
  if (!progress) return "";
  const { text, done, total } = progress;
  return `<div class="progress"><progress value="${done}" max="${total}"></progress>${escape(text)}</div>`;
}

function note(text: string): string {
  return text && `<p class="note">${escape(text)}</p>`;
}
