// Which charts there are, as data for the script of the page. Draws nothing itself.

import { embedJson, escape } from "./html.ts";
import type { MetricCurve, StepCurves } from "./report-data.ts";
import { rounded, smooth, thinOut } from "./thin-out.ts";

/** A line of a chart; `colour` names a variable of the style. */
interface Line {
  readonly label: string;
  readonly colour: string;
  /** Drawn thin and pale, behind its own moving mean. */
  readonly pale?: boolean;
  readonly points?: boolean;
}

/** One chart, as the script reads it. */
export interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
  /** The steps, then the values of each line. */
  readonly values: readonly (readonly (number | null)[])[];
  readonly wide?: boolean;
}

/** Loss, learning rate and gradient norm over the steps. */
export function stepCharts(curves: StepCurves): { charts: Chart[]; note: string } {
  const { steps, loss, learningRate, gradientNorm, stride } = thinOut(curves);
  const charts: Chart[] = [
    {
      title: "Loss",
      wide: true,
      lines: [
        { label: "loss", colour: "--blue", pale: true },
        { label: "moving mean", colour: "--blue" },
      ],
      values: [steps, loss, smooth(loss)],
    },
    { title: "Learning rate", lines: [{ label: "learning rate", colour: "--green" }], values: [steps, learningRate] },
    {
      title: "Gradient norm, before clipping",
      lines: [
        { label: "gradient norm", colour: "--purple", pale: true },
        { label: "moving mean", colour: "--purple" },
      ],
      values: [steps, gradientNorm, smooth(gradientNorm)],
    },
  ];
  const drawn = charts.filter(({ values }) => values[1].some((value) => value !== null));
  return { charts: drawn, note: stride > 1 ? `Each point is the mean of ${stride} steps.` : "" };
}

const metricColours = ["--blue", "--orange", "--green", "--purple", "--red", "--grey"];

/** All metrics in one chart, over the steps at which they were measured. */
export function metricChart(curves: readonly MetricCurve[]): Chart {
  return {
    title: "Metrics during the training",
    wide: true,
    lines: curves.map(({ metric }, i) => ({ label: metric, colour: metricColours[i % metricColours.length], points: true })),
    values: [curves[0].steps, ...curves.map(({ values }) => values.map((value) => (value === null ? null : rounded(value))))],
  };
}

/** Places for the charts; the script finds them by their order. Without one, a sentence says where the numbers in `log` are. */
export function chartPlaces(charts: readonly Chart[], log?: string): string {
  const places = charts.map(
    ({ title, wide }) =>
      `<figure class="chart${wide ? " wide" : ""}"><figcaption>${escape(title)}</figcaption><div class="plot"></div></figure>`,
  );
  if (places.length === 0) return "";
  const without = `The curves need JavaScript${log === undefined ? "" : `; ${log} has the numbers`}.`;
  return `<noscript><p class="note">${escape(without)}</p></noscript><div class="charts">${places.join("")}</div>`;
}

/** The data of the charts, for the script. */
export function chartData(charts: readonly Chart[]): string {
  return `<script type="application/json" id="charts">${embedJson(charts)}</script>`;
}
