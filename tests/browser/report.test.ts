// report.html as its readers meet it: opened from a file, in light and dark, on a desk and on a phone.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport, type ReportData } from "../../packages/report/src/index.ts";
import { launchChromium, missingChromium } from "../lib/chromium.ts";

const reason = missingChromium();
const long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(3);
const steps = Array.from({ length: 400 }, (_, i) => i + 1);
const wave = (i: number): number => Math.sin(i / 9) / 5;

/** Counts of 40 bins around one of them. */
const bell = (centre: number): number[] => Array.from({ length: 40 }, (_, i) => Math.round(40 * Math.exp(-(((i - centre) / 5) ** 2))));

const data: ReportData = {
  title: `Training of tuned-${long}`,
  subtitle: `from /models/${long}`,
  warnings: [`51 bad rows were left out; the first: ${long}`],
  comparison: {
    source: "scifact, split test",
    baselines: [{ name: "BM25", scores: { "nDCG@10": 0.5, "MRR@10": 0.4 } }],
    before: { "nDCG@10": 0.611, "MRR@10": 0.6 },
    after: { "nDCG@10": 0.683, "MRR@10": 0.59 },
    primary: "nDCG@10",
    gain: { low: 0.058, high: 0.086 },
  },
  curves: {
    steps,
    loss: steps.map((i) => (i === 40 ? null : 2 * Math.exp(-i / 100) + wave(i))),
    learningRate: steps.map((i) => 2e-5 * (1 - i / 400)),
    gradientNorm: steps.map((i) => 3 + wave(i)),
  },
  metrics: [{ metric: "nDCG@10", steps: [0, 100, 200, 300], values: [0.61, 0.65, 0.67, 0.68] }],
  scores: {
    edges: Array.from({ length: 41 }, (_, i) => i / 40),
    before: { right: bell(20), wrong: bell(16), queries: 400, won: 231 },
    after: { right: bell(28), wrong: bell(12), queries: 400, won: 390 },
  },
  wrongAnswers: Array.from({ length: 12 }, (_, i) => ({
    query: i === 0 ? long : `how do I reset it ${i}?`,
    right: { text: `Factory settings ${long}`, score: 0.9 },
    wrong: { text: "Deliveries <b>by rail</b>", score: 0.95 },
  })),
  mining: {
    queries: { asked: 5, all: 700, fewer: 60, none: 47 },
    negatives: 3700,
    facts: [["documents", "5,183"]],
    dropped: [{ name: "relative margin", count: 7066 }],
    scores: { edges: [0, 0.2, 0.4, 0.6], positive: [10, 200, 597], negative: [1000, 2000, 700] },
    margins: { edges: [-0.2, 0, 0.2, 0.4], counts: [100, 2000, 1600] },
    suspected: {
      summary: `408 queries ${long}`,
      examples: Array.from({ length: 10 }, () => ({
        query: long,
        marked: { text: long, score: 0.4 },
        found: { text: "<b>bold</b>", score: 47.25 },
        fate: "left out: relative margin",
        taken: false,
      })),
    },
    hubs: [{ name: long, count: 1234 }],
  },
  data: [["rows", "12,031"]],
  settings: [["loss", `infonce (temperature 0.05, ${long})`]],
};

describe.skipIf(reason)(`a report in Chromium${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "attune-report-"));
  const path = join(folder, "report.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(path, renderReport(data));
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report; what it complains of, and what it asks for besides itself. */
  async function open(width: number, colorScheme: "light" | "dark"): Promise<{ page: Page; troubles: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const troubles: string[] = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("request", (request) => request.url() !== pathToFileURL(path).href && troubles.push(`request ${request.url()}`));
    await page.goto(pathToFileURL(path).href);
    return { page, troubles };
  }

  test.each([
    ["a desk in light", 1200, "light"],
    ["a desk in dark", 1200, "dark"],
    ["a phone in light", 390, "light"],
    ["a phone in dark", 390, "dark"],
  ] as const)("%s: charts are drawn, nothing is loaded, nothing sticks out", async (_, width, scheme) => {
    const { page, troubles } = await open(width, scheme);
    expect(await page.locator("canvas").count()).toBe(4);
    const inks = await page.locator("canvas").evaluateAll((canvases) =>
      canvases.map((canvas) => {
        const { width: w, height: h } = canvas as HTMLCanvasElement;
        const pixels = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, w, h).data;
        return pixels.filter((value, i) => i % 4 === 3 && value > 0).length / (w * h);
      }),
    );
    for (const ink of inks) expect(ink).toBeGreaterThan(0.005); // axes, grid and lines
    const [inside, outside] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    expect(inside).toBe(outside);
    const [red, green, blue] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g)!.map(Number));
    expect((red + green + blue) / 3 > 128).toBe(scheme === "light");
    expect(await page.locator("#answers b, #suspects b").count()).toBe(0); // markup in texts is text
    expect(troubles).toEqual([]);
    await page.close();
  });

  test("the other answers unfold, and charts follow a change of colours", async () => {
    const { page, troubles } = await open(1200, "light");
    await page.locator("#answers summary").click();
    expect(await page.locator("#answers li:visible").count()).toBe(12);
    const colourOf = () => page.evaluate(() => document.querySelector("canvas")!.toDataURL().length);
    const light = await colourOf();
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(colourOf).not.toBe(light);
    expect(troubles).toEqual([]);
  });
});
