// The script of the page: draws each chart with uPlot into its place, again when the colours, the width or the data change. Reads only
// the page itself.

/** Runs after uPlot's own script, at the end of the page. */
export const pageScript = String.raw`
(function () {
  "use strict";
  let [charts, places, drawn] = [[], [], []];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const digits = (value) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    return (size < 1e-3 || size >= 1e6 ? value.toExponential(1).replace(".0e", "e") : String(Number(value.toPrecision(4)))).replace("-", "−");
  };
  const shown = (value) => {
    if (value == null) return "";
    const size = Math.abs(value);
    return value !== 0 && size < 1e-3 ? value.toExponential(2) : size < 10 ? value.toFixed(4) : value.toFixed(1);
  };

  /** Where a value has no neighbour that a line could join it with: a dot shows it. */
  const alone = (plot, line) =>
    plot.data[line].flatMap((value, i, all) => (value != null && all[i - 1] == null && all[i + 1] == null ? [i] : []));

  function series(line) {
    const stroke = line.pale ? colour(line.colour) + "55" : colour(line.colour);
    return {
      label: line.label,
      stroke,
      width: line.pale ? 1 : 2,
      points: { show: Boolean(line.points), size: 6, fill: stroke, ...(line.points ? {} : { filter: alone }) },
      value: (_, value) => shown(value),
      spanGaps: Boolean(line.points),
    };
  }

  function axis(values, size) {
    const grid = { stroke: colour("--line"), width: 1 };
    return { stroke: colour("--muted"), grid, ticks: { show: false }, font: "12px system-ui, sans-serif", values, ...size };
  }

  function options(chart, width) {
    return {
      width,
      height: chart.wide ? 260 : 190,
      padding: [12, 26, 0, 0],
      scales: { x: { time: false } },
      cursor: { y: false, drag: { x: true, y: false } },
      legend: { live: true },
      axes: [
        { ...axis((_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en") : "")), { size: 30 }), space: 60 },
        { ...axis((_, ticks) => ticks.map(digits), { size: 58 }), space: 34 },
      ],
      series: [{ label: "step", value: (_, value) => (value == null ? "" : value.toLocaleString("en")) }, ...chart.lines.map(series)],
    };
  }

  function draw() {
    for (const plot of drawn) plot.destroy();
    charts = JSON.parse(document.getElementById("charts").textContent);
    places = document.querySelectorAll(".plot");
    drawn = charts.map((chart, i) => new uPlot(options(chart, places[i].clientWidth), chart.values, places[i]));
  }

  function resize() {
    drawn.forEach((plot, i) => {
      const width = places[i].clientWidth;
      if (width !== plot.width) plot.setSize({ width, height: plot.height });
    });
  }

  draw();
  window.addEventListener("resize", resize);
  document.addEventListener("attune:update", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
`;
