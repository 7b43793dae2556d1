// `attune watch` as its user meets it: a page that grows while a training writes its log, and says so when the command has ended.

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWatch } from "../../packages/attune/src/node/watch-server.ts";
import { livePage, stateOfRun } from "../../packages/attune/src/report/run-folder.ts";
import { createNodeFiles } from "../../plugins/files-node/src/index.ts";
import { launchChromium, missingChromium } from "../lib/chromium.ts";

const reason = missingChromium();
const files = createNodeFiles();
const line = (event: object): string => `${JSON.stringify(event)}\n`;
const step = (n: number): string =>
  line({ type: "step", step: n, epoch: 0, loss: 2 / n, learningRate: 1e-5, gradientNorm: 1, applied: true, tokens: 90, seconds: n / 10 });

describe.skipIf(reason)(`a live page in Chromium${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "attune-watch-"));

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("curves and progress grow without a reload, and the end is noticed", async () => {
    writeFileSync(join(folder, "attune.json"), JSON.stringify({ model: "base" }));
    writeFileSync(join(folder, "log.jsonl"), "");
    const server = await serveWatch({
      state: () => stateOfRun(files, folder, () => true),
      render: () => livePage(files, folder, () => true),
    });
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const troubles: string[] = [];
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
    await page.goto(server.url);
    await page.locator(".connection:not(.lost)").waitFor();
    expect(await page.locator("canvas").count()).toBe(0);
    appendFileSync(join(folder, "log.jsonl"), line({ type: "start", steps: 9, epochs: 1, doneBefore: 0 }) + step(1) + step(2));
    await page.getByText("step 2 of 9").waitFor();
    expect(await page.locator("canvas").count()).toBe(3);
    appendFileSync(join(folder, "log.jsonl"), step(3));
    await page.getByText("step 3 of 9").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(troubles).toEqual([]);
    await server[Symbol.asyncDispose]();
    await page.locator(".connection.lost").waitFor();
  });
});
