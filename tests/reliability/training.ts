// A training as its user starts it, in a process of its own, so that a test can take away what it stands on.

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../lib/workspace.ts";

const main = join(root, "packages", "attune", "src", "cli", "main.ts");

/** A folder with a tiny model and rows of its own, removed with `using`. */
export function workplace(): { readonly path: string; readonly model: string; readonly data: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "attune-reliability-"));
  const [model, data] = [join(path, "model"), join(path, "rows.jsonl")];
  cpSync(join(root, "fixtures", "golden", "st", "bert-mean-legacy"), model, { recursive: true });
  const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "captain", "lamp"];
  const rows = things.map((thing) => ({ anchor: `who found the ${thing}?`, positive: `the ${thing} was found before sunrise.` }));
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return { path, model, data, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** When the log tells of this step. */
  step(step: number): Promise<void>;
  /** When this was said. */
  said(text: string): Promise<void>;
}

/** `attune train` with four steps an epoch and a checkpoint after every two. */
export function train(
  place: { readonly model: string; readonly data: string },
  output: string,
  more: readonly string[] = [],
  { node = [], device = "typescript", wrap = [] }: { node?: readonly string[]; device?: string; wrap?: readonly string[] } = {},
): Started {
  const numbers = [
    "--learning-rate",
    "1e-3",
    "--save-steps",
    "2",
    "--seed",
    "5",
    ...(more.includes("--batch-size") ? [] : ["--batch-size", "2"]),
  ];
  const words = [
    "train",
    "--model",
    place.model,
    "--data",
    place.data,
    "--output",
    output,
    "--device",
    device,
    "--no-eval",
    ...numbers,
    ...more,
  ];
  const [program, ...args] = [...wrap, process.execPath, ...node, main, ...words];
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += String(text)));
  let over = false;
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (status) => {
      over = true;
      resolve({ status, stderr });
    }),
  );
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    while (!condition()) {
      if (over) throw new Error(`the training ended before ${what}: ${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const log = join(output, "log.jsonl");
  return {
    child,
    ended,
    step: (step) => until(`step ${step}`, () => existsSync(log) && readFileSync(log, "utf8").includes(`"type":"step","step":${step},`)),
    said: (text) => until(`saying "${text}"`, () => stderr.includes(text)),
  };
}

/** The hash of a finished training's weights. */
export function weightsOf(output: string): string {
  return createHash("sha256")
    .update(readFileSync(join(output, "model.safetensors")))
    .digest("hex");
}

/** The names of its checkpoints and of anything that is half written. */
export function remains(output: string): string[] {
  return readdirSync(output)
    .filter((name) => name.includes("checkpoint-") || name.endsWith(".tmp") || name.includes("partial"))
    .sort();
}
