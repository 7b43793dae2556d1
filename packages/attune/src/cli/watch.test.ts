// The live page: what it shows of a run at each stage, who may see it, and how the command ends.

import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { expect, onTestFinished, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";
import { serveWatch } from "../node/watch-server.ts";
import { livePage, stateOfRun } from "../report/run-folder.ts";

const files = createNodeFiles();
const line = (event: object): string => `${JSON.stringify(event)}\n`;
const step = (n: number): string =>
  line({ type: "step", step: n, epoch: 0, loss: 2 / n, learningRate: 1e-5, gradientNorm: 1, applied: true, tokens: 90, seconds: n / 10 });
const start = line({ type: "start", steps: 376, epochs: 2, doneBefore: 0, examples: 12, trainableParameters: 9 });
const chartsOf = (html: string): { title: string; values: number[][] }[] => JSON.parse(/id="charts">(.*?)<\/script>/s.exec(html)![1]);
const progressOf = (html: string): string | undefined => /<\/progress>([^<]*)</.exec(html)?.[1];

/** A folder as a training leaves it after these lines. */
function runWith(log: string): string {
  const folder = folderWith({ "log.jsonl": log, "attune.json": JSON.stringify({ model: "base", batchSize: 4 }) });
  writeFileSync(join(folder, ".lock"), JSON.stringify({ pid: 4242, token: "t" }));
  return folder;
}

test("a run that is being written: whole lines count, half a line and a half-written record do not", async () => {
  const folder = runWith(start + step(1) + step(2) + step(3) + step(4).slice(0, 25));
  writeFileSync(join(folder, "attune.json"), '{"model": "ba');
  const html = await livePage(files, folder, () => true);
  expect(chartsOf(html)[0].values[0]).toEqual([1, 2, 3]);
  expect(progressOf(html)).toBe("step 3 of 376 · epoch 1 of 2 · 900 tokens/s · about 0:37 left");
  appendFileSync(join(folder, "log.jsonl"), step(4).slice(25));
  expect(chartsOf(await livePage(files, folder, () => true))[0].values[0]).toEqual([1, 2, 3, 4]);
});

test.each([
  ["", true, "measuring the base model …"],
  ["", false, "no step has been done"],
  [
    start + step(1),
    false,
    "step 1 of 376 · its process has ended without a word; attune train --resume goes on from the newest checkpoint",
  ],
  [start + step(1) + line({ type: "end", result: { status: "stopped" } }), false, "step 1 of 376 · stopped; attune train --resume goes on"],
])("a page says how the run stands (%#)", async (log, alive, said) => {
  const folder = runWith(log);
  expect(progressOf(await livePage(files, folder, (pid) => alive && pid === 4242))).toBe(said);
});

test("the page changes when its process ends without a word, and not because its lock is touched", async () => {
  const folder = runWith(start + step(1));
  const running = await stateOfRun(files, folder, () => true);
  utimesSync(join(folder, ".lock"), 1, 1);
  expect(await stateOfRun(files, folder, () => true)).toBe(running);
  expect(await stateOfRun(files, folder, () => false)).not.toBe(running);
});

test("a finished training is shown by its own report", async () => {
  const folder = folderWith({ "rows.jsonl": rows(16) });
  const output = join(folder, "out");
  const words = [
    "--model",
    tinyModel,
    "--device",
    "typescript",
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    output,
    "--batch-size",
    "4",
  ];
  expect((await attune(["train", ...words, "--hold-out", "0.25"])).status).toBe(0);
  const html = await livePage(files, output, () => false);
  expect(html).toContain('<section id="answers">');
  expect(html).toContain('new EventSource("/events")');
  rmSync(join(output, "report.html"));
  const without = await livePage(files, output, () => false);
  expect(without).toContain("Before and after");
  expect(progressOf(without)).toContain("step 3 of 3 · trained");
});

test("the metric that counts is the recorded one, as on the terminal", async () => {
  const folder = folderWith({ "rows.jsonl": rows(12), "b.jsonl": rows(4), "a.jsonl": rows(5) });
  const sets = ["b.jsonl", "a.jsonl"].flatMap((name) => ["--eval-data", join(folder, name)]);
  const words = ["--model", tinyModel, "--device", "typescript", "--data", join(folder, "rows.jsonl"), "--output", join(folder, "out")];
  const trained = await attune(["train", ...words, ...sets, "--no-report", "--eval-k", "1,10"]);
  expect(trained.stderr).toMatch(/baseline {2}b\/ndcg@10/);
  const html = await livePage(files, join(folder, "out"), () => false);
  expect(html).toMatch(/<tr class="primary"><th scope="row">b\/ndcg@10</);
  const written = readFileSync(join(folder, "out", "attune.json"), "utf8");
  writeFileSync(join(folder, "out", "attune.json"), written.replace('"primary": "b/ndcg@10"', '"primary": "a/ndcg@10"'));
  expect(await livePage(files, join(folder, "out"), () => false)).toMatch(/<tr class="primary"><th scope="row">a\/ndcg@10</);
});

test("a folder that is gone is said to be", async () => {
  const folder = runWith(start + step(1));
  rmSync(folder, { recursive: true });
  const html = await livePage(files, folder, () => true);
  expect(html).toContain(`${folder} is gone, or holds no training any more`);
  expect(html).toContain('new EventSource("/events")');
  expect(html).not.toContain("<progress");
});

/** A request with a Host header of its own. */
function ask(
  url: string,
  { path = "/", method = "GET", host }: { path?: string; method?: string; host?: string } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { path, method, ...(host !== undefined && { headers: { host } }) }, (response) => {
      let text = "";
      response.on("data", (part) => (text += String(part)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject).end();
  });
}

test("only this machine is answered, by its own name, and only readers", async () => {
  await using server = await serveWatch({ state: async () => "1", render: async () => "<p>page</p>" });
  const port = new URL(server.url).port;
  expect(await ask(server.url)).toEqual({ status: 200, text: "<p>page</p>" });
  expect((await ask(server.url, { host: `localhost:${port}` })).status).toBe(200);
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`])
    expect((await ask(server.url, { host })).status, host).toBe(403);
  expect((await ask(server.url, { host: "evil.example", path: "/events" })).status).toBe(403);
  expect((await ask(server.url, { method: "POST" })).status).toBe(405);
  expect((await ask(server.url, { path: "/../../etc/passwd" })).status).toBe(404);
  expect((await ask(server.url, { path: "//" })).status).toBe(404);
  expect((await ask(server.url, { path: "/?a" })).status).toBe(200);
});

test("listeners hear of changes, and a page that cannot be made now is no end", async () => {
  let state = "1";
  let broken = true;
  const render = async (): Promise<string> => {
    if (broken) throw new Error("E_FILE log.jsonl cannot be read");
    return "ok";
  };
  await using server = await serveWatch({ state: async () => state, render });
  expect(await ask(server.url)).toEqual({ status: 500, text: "E_FILE log.jsonl cannot be read" });
  broken = false;
  expect((await ask(server.url)).status).toBe(200);
  const response = await fetch(new URL("/events", server.url));
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const heard: string[] = [];
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    heard.push(part);
    state += "1";
    if (heard.join("").match(/data: changed/g)?.length === 2) break;
  }
  expect(heard.join("")).toMatch(/^retry: 1000\n\ndata: changed\n\ndata: changed\n\n$/);
});

test("the command ends with Ctrl-C, without an error", async () => {
  const folder = runWith(start);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const { status, stdout, stderr } = await attune(["watch", folder, "--json"], { signal: controller.signal });
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("http://127.0.0.1:") });
  expect(JSON.parse(stdout)).toEqual({ run: folder, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) });
});

test("a folder without a run, no folder and a taken port are sentences", async () => {
  const folder = folderWith({ "thesis.tex": "" });
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  mkdirSync(join(folder, "model"));
  const failures = [
    ["watch", folder],
    ["watch", join(folder, "absent")],
    ["watch"],
    ["watch", "--run", runWith(start), "--port", String(port)],
  ];
  const said = await Promise.all(failures.map((words) => attune(words)));
  expect(said.map(({ status }) => status)).toEqual([1, 1, 2, 1]);
  expect(said[0].stderr).toContain("holds no training: neither attune.json nor log.jsonl is in it");
  expect(said[1].stderr).toMatch(/E_NO_FILE {2}.*absent does not exist/);
  expect(said[2].stderr).toContain("--run");
  expect(said[3].stderr).toContain(`E_PORT  port ${port} is in use`);
});
