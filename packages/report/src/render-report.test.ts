import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { renderReport } from "./render-report.ts";
import type { ReportData } from "./report-data.ts";

const attack = `</script><script>alert("x")</script><img src=x onerror='alert(1)'>&`;

const full: ReportData = {
  title: "Training of tuned",
  subtitle: "from bge-small",
  warnings: ["51 bad rows were left out"],
  comparison: {
    source: "scifact, split test",
    baselines: [{ name: "BM25", scores: { "nDCG@10": 0.5, "MRR@10": 0.4 } }],
    before: { "nDCG@10": 0.611, "MRR@10": 0.6 },
    after: { "nDCG@10": 0.683, "MRR@10": 0.59 },
    primary: "nDCG@10",
    gain: { low: 0.058, high: 0.086 },
  },
  curves: { steps: [1, 2, 3], loss: [2, null, 0.5], learningRate: [1e-5, 2e-5, 0], gradientNorm: [3, null, 1] },
  metrics: [{ metric: "nDCG@10", steps: [0, 3], values: [0.61, 0.68] }],
  scores: {
    edges: [0.2, 0.4, 0.6, 0.8, 1],
    before: { right: [0, 1, 1, 0], wrong: [0, 2, 0, 0], queries: 2, won: 1 },
    after: { right: [0, 0, 0, 2], wrong: [1, 0, 0, 1], queries: 2, won: 1 },
  },
  wrongAnswers: [
    { query: "how do I reset it", right: { text: "Factory settings", score: 0.9 }, wrong: { text: "Deliveries", score: 0.95 } },
  ],
  mining: {
    queries: { asked: 5, all: 1900, fewer: 80, none: 20 },
    negatives: 9700,
    facts: [["documents", "5,183"]],
    dropped: [{ name: "relative margin", count: 1204 }],
    scores: { edges: [-0.1, 0, 0.1, 0.2], positive: [0, 1, 3], negative: [4, 2, 0] },
    margins: { edges: [-0.2, -0.1, 0, 0.1, 0.2], counts: [0, 12, 30, 8] },
    suspected: {
      summary: "3 candidates score above a marked answer",
      examples: [
        {
          query: "how do I reset it",
          marked: { text: "Factory settings", score: 0.7 },
          found: { text: "Resetting", score: 0.8 },
          fate: "left out: relative margin",
          taken: false,
        },
      ],
    },
    hubs: [{ name: "General terms", count: 17 }],
  },
  data: [["rows", "12,031"]],
  settings: [["batch size", "64"]],
};

const sectionsOf = (html: string): string[] => [...html.matchAll(/<section id="([a-z]+)">/g)].map(([, id]) => id);
const chartsOf = (html: string): { title: string; values: (number | null)[][] }[] =>
  JSON.parse(/<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(html)![1]);

test("a full report has every section, in the order in which it is read", () => {
  expect(sectionsOf(renderReport(full))).toEqual([
    "warnings",
    "comparison",
    "training",
    "metrics",
    "scores",
    "answers",
    "negatives",
    "margins",
    "suspects",
    "hubs",
    "data",
    "settings",
  ]);
});

test("what is absent or empty has no section, and no chart code without a chart", () => {
  const bare = renderReport({ title: "Nothing", warnings: [], metrics: [], wrongAnswers: [], scores: { edges: [] }, data: [] });
  expect(sectionsOf(bare)).toEqual([]);
  expect(bare).not.toContain("<script");
  expect(bare.length).toBeLessThan(10_000);
  for (const key of Object.keys(full).filter((key) => !["title", "subtitle"].includes(key)) as (keyof ReportData)[]) {
    const { [key]: _, ...rest } = full;
    expect(sectionsOf(renderReport(rest as ReportData)), key).toHaveLength(key === "mining" ? 8 : 11);
  }
});

test("the page loads nothing: no addresses, no elements that fetch, and a policy that forbids it", () => {
  const html = renderReport(full);
  const fetching = /https?:\/\/|\bsrc=|\bhref=|@import|url\(|<(link|iframe|img|object|embed)\b/i;
  expect(fetching.exec(html)).toBeNull();
  expect(html).toContain(`content="default-src 'none';`);
  expect(html).toContain("The MIT License (MIT)");
});

test("texts are shown, never run", () => {
  const html = renderReport({
    ...full,
    title: attack,
    subtitle: attack,
    warnings: [attack],
    comparison: {
      source: attack,
      baselines: [{ name: attack, scores: {} }],
      before: { [attack]: 0 },
      after: { [attack]: 1 },
      primary: attack,
    },
    metrics: [{ metric: attack, steps: [1], values: [1] }],
    wrongAnswers: [{ query: attack, right: { text: attack, score: 1 }, wrong: { text: attack, score: 2 } }],
    mining: {
      ...full.mining!,
      facts: [[attack, attack]],
      dropped: [{ name: attack, count: 1 }],
      suspected: {
        summary: attack,
        examples: [{ query: attack, marked: { text: attack, score: 0 }, found: { text: attack, score: 1 }, fate: attack, taken: true }],
      },
      hubs: [{ name: attack, count: 2 }],
    },
    data: [[attack, attack]],
    settings: [[attack, attack]],
  });
  const data = /id="charts">(.*?)<\/script>/s.exec(html)![1];
  expect(data).not.toMatch(/[<>&]/);
  expect(/<img|alert\("x"\)|onerror='/.exec(html.replace(data, ""))).toBeNull();
  // The data, uPlot and the page's own script: none more.
  expect(html.match(/<script/g)).toHaveLength(3);
  expect(html.match(/<\/script/g)).toHaveLength(3);
  expect(html).toContain("&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)");
});

test("the curves are in the page, with gaps where a number was not finite", () => {
  const charts = chartsOf(renderReport(full));
  expect(charts.map(({ title }) => title)).toEqual([
    "Loss",
    "Learning rate",
    "Gradient norm, before clipping",
    "Metrics during the training",
  ]);
  expect(charts[0].values.slice(0, 2)).toEqual([
    [1, 2, 3],
    [2, null, 0.5],
  ]);
  expect(charts[3].values).toEqual([
    [0, 3],
    [0.61, 0.68],
  ]);
});

test("a long training is thinned out, and the page says so", () => {
  const steps = Array.from({ length: 10_000 }, (_, i) => i + 1);
  const html = renderReport({ title: "long", curves: { steps, loss: steps, learningRate: steps, gradientNorm: steps } });
  const [points, loss] = chartsOf(html)[0].values;
  expect(html).toContain("Each point is the mean of 7 steps.");
  expect(points).toHaveLength(1429);
  expect([points[0], points.at(-1)]).toEqual([7, 10_000]);
  expect([loss[0], loss.at(-1)]).toEqual([4, 9998.5]);
});

test("gains have their sign and their interval, and missing scores are dashes", () => {
  const html = renderReport(full);
  expect(html).toContain(`<strong class="better">+0.072 nDCG@10</strong>0.611 → 0.683, 95 % interval of the gain 0.058 … 0.086`);
  expect(html).toContain(`<td class="worse">−0.010</td>`);
  const single = renderReport({ title: "e", comparison: { after: { spearman: Number.NaN, pearson: 0.5 } } });
  expect(single).toContain(`<th scope="row">spearman</th><td>–</td></tr>`);
  expect(single).not.toContain("gain</th>");
  const tested = renderReport({ title: "e", comparison: { ...full.comparison!, gain: { low: 0.01, high: 0.1, p: 0.0123 } } });
  expect(tested).toContain("95 % interval of the gain 0.010 … 0.100, p = 0.012");
});

test("a score that is no number makes no gain", () => {
  const comparison = { before: { "nDCG@10": 0.5 }, after: { "nDCG@10": Number.NaN }, primary: "nDCG@10" };
  expect(renderReport({ title: "e", comparison })).not.toContain("NaN nDCG@10");
});

test("wrong answers that beat the right one come first within their query", () => {
  const html = renderReport(full);
  expect(html.indexOf("Deliveries")).toBeLessThan(html.indexOf("Factory settings"));
  expect(html).toContain("right answer first for 1 of 2 queries");
});

test("a long text is cut between characters, not in one", () => {
  const wrongAnswers = [0, 1].map((more) => {
    const text = `${"a".repeat(278 + more)}\u{1f600} and more`;
    return { query: text, right: { text, score: 1 }, wrong: { text, score: 0 } };
  });
  const html = renderReport({ title: "long", wrongAnswers });
  expect(html.isWellFormed()).toBe(true);
  expect(html).toContain(`${"a".repeat(278)}\u{1f600} …`);
  expect(html).toContain(`${"a".repeat(279)} …`);
});

test("queries that changed: won ones first, texts escaped, what was found marked", () => {
  const change = {
    query: "a < b?",
    before: 0,
    after: 1,
    firstBefore: { text: "no", right: false },
    firstAfter: { text: "<yes>", right: true },
  };
  const html = renderReport({ title: "c", changes: { wins: [change], losses: [{ query: "lost", before: 0.5, after: 0.25 }] } });
  expect(html).toContain("Queries that changed most");
  expect(html).toContain(`<p class="query">a &lt; b?</p><dl><dt>before</dt><dd>0.000</dd><dd class="text">wrong: no</dd>`);
  expect(html).toContain(`<dt>after</dt><dd>1.000</dd><dd class="text">right: &lt;yes&gt;</dd>`);
  expect(html.indexOf("Won")).toBeLessThan(html.indexOf("Lost"));
  expect(renderReport({ title: "c" })).not.toContain("changed most");
});

test("hard negatives: shares of the queries, reasons, margins below zero told apart, what became of suspects", () => {
  const html = renderReport({ title: "m", mining: full.mining! });
  expect(html).not.toContain("<script");
  expect(html).toContain("<strong>9,700 negatives</strong>for 2,000 queries, of which 1.0 % have none</p>");
  for (const said of ["all 5: 1,900 (95.0 %)", "fewer: 80 (4.0 %)", "none: 20 (1.0 %)", "relative margin</th><td>1,204</td>"])
    expect(html.includes(said), said).toBe(true);
  expect(html).toContain("12 negatives score above it");
  expect(html).toContain("<title>−0.1 to 0: 12 negatives above the positive</title>");
  expect(html).toContain("<title>0.1 to 0.2: 8 negatives</title>");
  expect([...html.matchAll(/left:([\d.]+)%">([^<]+)</g)].map(([, at, mark]) => [Number(at), mark]).slice(-5)).toEqual([
    [0, "−0.2"],
    [25, "−0.1"],
    [50, "0"],
    [75, "0.1"],
    [100, "0.2"],
  ]);
  expect(html).toMatch(/Resetting <span class="fate">left out: relative margin<\/span>.*Factory settings/);
  expect(html).toContain("<td>17</td><td>General terms</td>");
});

test("a mining that found nothing has no histograms and no lists", () => {
  const none = { edges: [], counts: [] };
  const html = renderReport({
    title: "m",
    mining: {
      queries: { asked: 5, all: 0, fewer: 0, none: 1 },
      negatives: 0,
      facts: [],
      dropped: [],
      scores: { edges: [], positive: [], negative: [] },
      margins: none,
      suspected: { summary: "none", examples: [] },
      hubs: [],
    },
  });
  expect(sectionsOf(html)).toEqual(["negatives"]);
  expect(html).toContain("<strong>0 negatives</strong>for 1 query, of which 100.0 % have none</p>");
  expect(html).not.toMatch(/NaN|Infinity/);
});

test("the scripts are scripts", () => {
  const html = renderReport(full);
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, code]) => code);
  expect(scripts).toHaveLength(2);
  for (const code of scripts) expect(() => runInNewContext(`() => { ${code} }`)).not.toThrow();
});

test("no change has no colour, in the headline and in the table", () => {
  const same = { title: "x", comparison: { before: { score: 0.5 }, after: { score: 0.5001 }, primary: "score" } };
  const html = renderReport(same);
  expect(html).toContain("<strong>+0.000 score</strong>");
  expect(html).toContain("<td>+0.000</td>");
  const worse = renderReport({ title: "x", comparison: { ...same.comparison, after: { score: 0.4 } } });
  expect(worse).toContain('<strong class="worse">−0.100 score</strong>');
});

test("without JavaScript a sentence stands where the curves would be, and names the log where there is one", () => {
  const said = (data: Partial<ReportData>): string[] =>
    [...renderReport({ title: "x", ...data }).matchAll(/<noscript><p class="note">(.*?)<\/p><\/noscript><div class="charts">/g)].map(
      ([, text]) => text,
    );
  const { curves, metrics } = full;
  const known = "The curves need JavaScript; log.jsonl has the numbers.";
  expect(said({ curves, metrics, log: "log.jsonl" })).toEqual([known, known]);
  expect(said({ metrics })).toEqual(["The curves need JavaScript."]);
  expect(said({ log: "log.jsonl" })).toEqual([]);
});
