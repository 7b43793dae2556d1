// A training killed at ten random moments, resumed each time, ends in the same bytes as one that was left alone.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@attune/core";
import { expect, it } from "vitest";
import { temporaryFolder } from "../test/tiny.ts";
import type { TrainEvent } from "./index.ts";

const script = fileURLToPath(new URL("../test/train-process.ts", import.meta.url));

interface Ending {
  readonly killed: boolean;
  /** From the first step on. */
  readonly milliseconds: number;
}

/** Runs the training; kills it without warning `after` so many milliseconds of steps, unless it has ended by then. */
async function run(output: string, after?: number): Promise<Ending> {
  const child = spawn(process.execPath, [script, output], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let started = performance.now();
  child.stderr.on("data", (text) => (said += String(text)));
  child.stdout.once("data", () => {
    started = performance.now();
    if (after !== undefined) setTimeout(() => child.kill("SIGKILL"), after);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on("exit", (...status) => resolve(status)),
  );
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`the training failed: ${said}`);
  return { killed: signal === "SIGKILL", milliseconds: performance.now() - started };
}

const bytesOf = (folder: string): Buffer[] =>
  ["model.safetensors", "optimizer.safetensors"].map((name) => readFileSync(join(folder, "checkpoint-24", name)));

it("survives ten kills", async () => {
  using straight = temporaryFolder();
  using killed = temporaryFolder();
  const step = (await run(straight.path)).milliseconds / 24;
  const random = createRandom(2026, "kill moments");
  for (let kill = 0; kill < 10; kill++) expect((await run(killed.path, random.uniform() * 2 * step)).killed).toBe(true);
  expect((await run(killed.path)).killed).toBe(false);
  expect(bytesOf(killed.path)).toEqual(bytesOf(straight.path));
  expect(readdirSync(killed.path).filter((name) => name.includes("partial"))).toEqual([]);
  const log = readFileSync(join(killed.path, "log.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);
  const steps = log.flatMap((event) => (event.type === "step" ? [event.step] : []));
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b)); // every step once, in order
}, 180_000);
