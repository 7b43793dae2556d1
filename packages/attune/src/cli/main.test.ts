// The process itself: streams, exit status, signals. Commands are tested in their own process elsewhere.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, rows, tinyModel } from "../../test/cli.ts";

const main = new URL("./main.ts", import.meta.url).pathname;
const attune = (...words: string[]) => spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });

test("--version and --help load no schema, no tensor", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  expect(attune("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
  const traced = spawnSync(process.execPath, ["--import", tracer(), main, "--help"], { encoding: "utf8" });
  expect(traced.stdout).toContain("attune quickstart");
  expect(traced.stderr.split("\n").filter((url) => /zod|@?attune\/(core|tensor)|packages\/(core|tensor)/.test(url))).toEqual([]);
});

test("wrong use is 2, a failure is 1, a stack only when asked for", () => {
  expect(attune("train", "--los", "x")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: "error E_OPTION  --los x: no such option. Did you mean --loss?\n",
  });
  const missing = attune("encode", "--model", "none", "--input", "none", "--device", "typescript");
  expect(missing).toMatchObject({ status: 1, stdout: "" });
  expect(missing.stderr).not.toMatch(/\n\s+at /);
  const debugged = spawnSync(process.execPath, [main, "train", "--los", "x"], {
    encoding: "utf8",
    env: { ...process.env, ATTUNE_DEBUG: "1" },
  });
  expect(debugged.stderr).toMatch(/\n\s+at /);
});

test("a full stdout is one sentence, a stderr that nobody reads stops nothing", (context) => {
  if (!existsSync("/dev/full")) context.skip("no /dev/full here");
  const full = openSync("/dev/full", "w");
  const options = { encoding: "utf8" } as const;
  const unwritten = spawnSync(process.execPath, [main, "--help"], { ...options, stdio: ["ignore", full, "pipe"] });
  expect(unwritten).toMatchObject({ status: 1, stderr: "error E_OUTPUT  stdout cannot be written: ENOSPC: no space left on device.\n" });
  const folder = folderWith({ "in.txt": "a\nb\n" });
  const words = ["encode", "--model", tinyModel, "--device", "typescript", "--input", join(folder, "in.txt")];
  const unheard = spawnSync(process.execPath, [main, ...words], { ...options, stdio: ["ignore", "pipe", full] });
  closeSync(full);
  expect([unheard.status, unheard.stdout.trim().split("\n").length]).toEqual([0, 2]);
});

test.each([
  { what: "Ctrl-C", signals: ["SIGINT"] },
  { what: "a connection that drops, told twice,", signals: ["SIGHUP", "SIGHUP"] },
] as const)("$what leaves a checkpoint and exits with 130", async ({ signals }) => {
  const folder = folderWith({ "rows.jsonl": rows(24) });
  const words = [
    "train",
    "--model",
    tinyModel,
    "--device",
    "typescript",
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    join(folder, "out"),
    "--batch-size",
    "4",
    "--epochs",
    "50",
    "--save-steps",
    "2",
  ];
  const child = spawn(process.execPath, [main, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  while (!existsSync(join(folder, "out", "checkpoint-2")) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  for (const signal of signals) child.kill(signal);
  const status = await new Promise((resolve) => child.once("exit", resolve));
  expect({ status, stderr }).toMatchObject({ status: 130, stderr: expect.stringMatching(/stopped {3}after step \d+ of 300/) });
  expect(stderr).toContain("--resume");
});

test("Ctrl-C ends the waiting for what is piped in", async () => {
  const child = spawn(process.execPath, [main, "encode", "--model", tinyModel, "--device", "typescript", "--input", "-"]);
  let stderr = "";
  const ready = new Promise<void>((resolve) =>
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes("typescript")) resolve();
    }),
  );
  await ready;
  child.kill("SIGINT");
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(130);
});

/** A module that writes the URL of every module that is loaded to stderr. */
function tracer(): string {
  const path = join(folderWith(), "trace.mjs");
  writeFileSync(
    path,
    `import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`,
  );
  return path;
}
