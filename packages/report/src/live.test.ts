import { runInNewContext } from "node:vm";
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

test("a page looks for news whenever its connection opens, and whenever it is told of some", () => {
  const asked: string[] = [];
  const heard = new Map<string, () => void>();
  const page = { className: "", textContent: "", append() {} };
  const [, script] = /<script>([^]*)<\/script>\n<\/body>/.exec(makeLive("</body>"))!;
  runInNewContext(script, {
    document: { createElement: () => page, querySelector: () => page, querySelectorAll: () => [] },
    // Never answers: what is asked for is all that counts here.
    fetch: (path: string) => {
      asked.push(path);
      return Promise.resolve({ ok: false });
    },
    EventSource: function (this: { addEventListener(name: string, listener: () => void): void }) {
      this.addEventListener = (name, listener) => void heard.set(name, listener);
    },
  });
  expect(asked).toEqual([]);
  heard.get("open")!();
  expect(asked).toEqual(["/"]);
});

test("progress is a bar and a line, escaped", () => {
  const page = renderReport({ title: "x", progress: { text: "step <3> of 9", done: 3, total: 9 } });
  expect(page).toContain('<progress value="3" max="9"></progress>step &lt;3&gt; of 9');
});
