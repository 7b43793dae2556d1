import { expect, test } from "vitest";
import { makeLive } from "./live.ts";
import { renderReport } from "./render-report.ts";

test("a live page may speak to its own server only, and can draw charts that come later", () => {
  const page = renderReport({ title: "x" }, { growing: true });
  const live = makeLive(page);
  expect(live).toContain("img-src data:; connect-src 'self'\"");
  expect(live).toContain('new EventSource("/events")');
  expect(page).toContain('id="charts">[]<');
  expect(page).toContain("uPlot");
  expect(renderReport({ title: "x" })).not.toContain("uPlot");
});

test("progress is a bar and a line, escaped", () => {
  const page = renderReport({ title: "x", progress: { text: "step <3> of 9", done: 3, total: 9 } });
  expect(page).toContain('<progress value="3" max="9"></progress>step &lt;3&gt; of 9');
});
