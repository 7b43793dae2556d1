import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { stepCharts } from "./charts.ts";
import { pageScript } from "./page-script.ts";
import type { StepCurves } from "./report-data.ts";

interface Plot {
  readonly data: readonly (readonly (number | null)[])[];
  readonly series: readonly { readonly points?: { readonly filter?: (plot: Plot, line: number) => number[] } }[];
}

/** The plots that the script makes of these curves, in a page without a screen. */
function plotsOf(curves: StepCurves): Plot[] {
  const { charts } = stepCharts(curves);
  const made: Plot[] = [];
  const listening = { addEventListener() {} };
  runInNewContext(pageScript, {
    document: {
      ...listening,
      getElementById: () => ({ textContent: JSON.stringify(charts) }),
      querySelectorAll: () => charts.map(() => ({ clientWidth: 400 })),
    },
    window: { ...listening, matchMedia: () => listening },
    getComputedStyle: () => ({ getPropertyValue: () => "#000000" }),
    uPlot: function (options: Pick<Plot, "series">, data: Plot["data"]) {
      made.push({ data, series: options.series });
    },
  });
  return made;
}

const dots = (plot: Plot): number[][] => plot.series.slice(1).map(({ points }, i) => [...points!.filter!(plot, i + 1)]);

test("a value that no line can join with another is a dot", () => {
  const single = plotsOf({ steps: [1], loss: [2.1], learningRate: [2e-5], gradientNorm: [3.2] });
  expect(single.map(dots)).toEqual([[[0], [0]], [[0]], [[0], [0]]]);
  const [loss, rate] = plotsOf({ steps: [1, 2, 3, 4], loss: [2, null, 0.5, 0.4], learningRate: [1, 2, 3, 4], gradientNorm: [1, 1, 1, 1] });
  expect([dots(loss), dots(rate)]).toEqual([[[0], [0]], [[]]]);
});
