// Bun and Deno beside Node, on the same sources and the same addon: equal vectors, equal losses, and the same bytes after a kill.
// `npm run test:runtimes`; apart from `npm test`, since both programs (200 MB) are fetched first.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../lib/workspace.ts";
import { fetchRuntimes } from "./fetch.ts";

const program = join(root, "tests", "runtimes", "program.ts");
const model = join(root, "fixtures", "golden", "st", "bert-mean-legacy");
const folder = mkdtempSync(join(tmpdir(), "attune-runtimes-"));
const data = join(folder, "rows.jsonl");

type Line = Readonly<Record<string, unknown>>;

/** Runs the program and returns what it said; `killAt` kills it without warning when it has said so. */
async function run(
  command: readonly string[],
  args: readonly string[],
  killAt?: (line: Line) => boolean,
): Promise<{ lines: Line[]; killed: boolean }> {
  const child = spawn(command[0], [...command.slice(1), program, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const lines: Line[] = [];
  let said = "";
  child.stderr.on("data", (text) => (said += String(text)));
  const ended = new Promise<readonly [number | null, string | null]>((resolve) => child.on("close", (...status) => resolve(status)));
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (killAt?.(line)) child.kill("SIGKILL");
  }
  const [code, signal] = await ended;
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`${command[0]} failed (${String(code)}): ${said}`);
  return { lines, killed: signal === "SIGKILL" };
}

const lossesOf = (lines: readonly Line[]): Map<number, number> =>
  new Map(lines.filter((line) => "step" in line).map(({ step, loss }) => [step as number, loss as number]));
const resultOf = (output: string): string =>
  createHash("sha256")
    .update(readFileSync(join(folder, output, "model.safetensors")))
    .digest("hex");

const node = [process.execPath];
const runtimes = await fetchRuntimes();
let encoded: Line[];
let trained: Line[];

beforeAll(async () => {
  const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "captain", "lamp"];
  const rows = things.flatMap((thing) =>
    [0, 1, 2, 3].map((i) => ({ anchor: `who found the ${thing} ${i}?`, positive: `the ${thing} number ${i} was found.` })),
  );
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  encoded = (await run(node, ["encode", model])).lines;
  trained = (await run(node, ["train", model, data, join(folder, "node")])).lines;
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(runtimes)("$name $version", ({ name, command }) => {
  const args = ["train", model, data, join(folder, name)];

  test("encodes to Node's vectors", async (context) => {
    if (typeof command === "string") return context.skip(`${name} is not here: ${command}`);
    expect((await run(command, ["encode", model])).lines).toEqual(encoded);
  });

  test("trains ten steps to Node's losses and bytes, also after a kill in between", async (context) => {
    if (typeof command === "string") return context.skip(`${name} is not here: ${command}`);
    const first = await run(command, args, (line) => line.checkpoint === 4);
    expect(first.killed).toBe(true);
    const second = await run(command, args);
    expect(second.lines.at(-1)).toEqual({ status: "done" });
    const steps = lossesOf(second.lines);
    expect([...steps.keys()][0]).toBeGreaterThan(4); // it went on, it did not start again
    expect(new Map([...lossesOf(first.lines), ...steps])).toEqual(lossesOf(trained));
    expect(resultOf(name)).toBe(resultOf("node"));
  });
});
