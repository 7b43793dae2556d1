// The reports that commands write: that they are there, hold what was measured, and can be left out.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

const device = ["--model", tinyModel, "--device", "typescript"];
const sectionsOf = (path: string): string[] => [...readFileSync(path, "utf8").matchAll(/<section id="([a-z]+)">/g)].map(([, id]) => id);
const chartsOf = (path: string): { title: string; values: number[][] }[] =>
  JSON.parse(/id="charts">(.*?)<\/script>/s.exec(readFileSync(path, "utf8"))![1]);

test("a training ends with a report of its curves, scores, answers and settings", async () => {
  const folder = folderWith({ "rows.jsonl": `${rows(16)}{"query": "sun", "pos": []}\n` });
  const output = join(folder, "out");
  const words = ["--data", join(folder, "rows.jsonl"), "--output", output, "--batch-size", "4", "--skip-bad-rows"];
  const { status, stdout, stderr } = await attune(["train", ...device, ...words, "--hold-out", "0.25", "--eval-steps", "2", "--json"]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const path = join(output, "report.html");
  expect(stderr).toContain(`report    ${path}`);
  const result = JSON.parse(stdout) as { report: string; metrics: { after: Record<string, number> } };
  expect(result.report).toBe(path);
  expect(sectionsOf(path)).toEqual(["warnings", "comparison", "training", "metrics", "scores", "answers", "data", "settings"]);
  const html = readFileSync(path, "utf8");
  for (const said of [
    "1 bad row was left out",
    `<td>${result.metrics.after["ndcg@10"].toFixed(3)}</td>`,
    "infonce (temperature 0.0",
    "4 rows held out of training",
  ])
    expect(html.includes(said), said).toBe(true);
  expect(chartsOf(path)[0].values[0]).toEqual([1, 2, 3]);
});

test("without an evaluation there are curves only; --no-report writes none", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const train = (output: string, ...more: string[]) =>
    attune(["train", ...device, "--data", join(folder, "rows.jsonl"), "--output", join(folder, output), "--batch-size", "4", ...more]);
  const plain = await train("a", "--no-eval");
  expect(plain.status).toBe(0);
  expect(sectionsOf(join(folder, "a", "report.html"))).toEqual(["training", "data", "settings"]);
  const without = await train("b", "--no-report");
  expect(without.status).toBe(0);
  expect(without.stderr).not.toContain("report ");
  expect(existsSync(join(folder, "b", "report.html"))).toBe(false);
});

test("what ended early says so, in the report and on the model card", async () => {
  const folder = folderWith({ "rows.jsonl": rows(24) });
  const output = join(folder, "out");
  const stop = ["--hold-out", "0.25", "--eval-steps", "1", "--patience", "1", "--min-delta", "1", "--epochs", "4"];
  const words = ["--data", join(folder, "rows.jsonl"), "--output", output, "--batch-size", "3", "--accumulation", "2", ...stop];
  const { status, stderr } = await attune(["train", ...device, ...words]);
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("stopped after step 2 of 12") });
  const html = readFileSync(join(output, "report.html"), "utf8");
  expect(html).toMatch(/<p class="subtitle">[^<]* · stopped early after 2 of 12 steps in [^<]* · the model is that of step 1 · /);
  expect(html).toContain('<noscript><p class="note">The curves need JavaScript; log.jsonl has the numbers.</p></noscript>');
  const card = readFileSync(join(output, "README.md"), "utf8");
  for (const said of [/\bsteps\b.*2 of 12/, /\bbatch size\b.*3 x 2/, /\bbest step\b.*1 \(ndcg@10/]) expect(card).toMatch(said);
});

test("attune eval writes one where it is asked to", async () => {
  const documents = ["red sun", "blue moon", "old <b>tree</b>"];
  const folder = folderWith({
    "corpus.jsonl": documents.map((text, i) => `${JSON.stringify({ _id: `d${i}`, title: "", text })}\n`).join(""),
    "queries.jsonl": documents.map((text, i) => `${JSON.stringify({ _id: `q${i}`, text })}\n`).join(""),
  });
  mkdirSync(join(folder, "qrels"));
  writeFileSync(join(folder, "qrels", "test.tsv"), documents.map((_, i) => `q${i}\td${i}\t1\n`).join(""));
  const path = join(folder, "scores.html");
  const { status, stderr } = await attune(["eval", ...device, "--data", folder, "--report", path]);
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining(path) });
  expect(sectionsOf(path)).toEqual(["comparison", "scores", "answers", "settings"]);
  const html = readFileSync(path, "utf8");
  expect(html.includes("right answer first for 3 of 3 queries")).toBe(true);
  expect(html.includes("old &lt;b&gt;tree&lt;/b&gt;")).toBe(true);
});
