// The command line inside of a test: what it wrote and how it ended. Everything runs on the TypeScript backend, which is everywhere.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../src/cli/run.ts";
import { createTerminal } from "../src/cli/terminal.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** Models and figures of other tools. */
export const golden = join(root, "fixtures/golden");

/** A BERT with two layers of 32: mean pooling, normalised. */
export const tinyModel = join(golden, "st/bert-mean-new");

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `attune ...words`; `signal` is what Ctrl-C would abort. */
export async function attune(
  words: readonly string[],
  { signal = new AbortController().signal, stdin = "" }: { signal?: AbortSignal; stdin?: string } = {},
): Promise<Outcome> {
  process.env.HF_HUB_OFFLINE ??= "1"; // a name that is no folder must not be asked of the real hub
  const written = { stdout: "", stderr: "" };
  const stdout = { write: (text: string) => void (written.stdout += text) };
  const stderr = { write: (text: string) => void (written.stderr += text) };
  const piped = (async function* () {
    yield new TextEncoder().encode(stdin);
  })();
  const status = await run(words, { stdin: piped, stdout, terminal: createTerminal(stderr), signal });
  return { status, ...written };
}

/** A folder with these files, removed after the test. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const words = ["cat", "dog", "sun", "moon", "red", "blue", "house", "tree", "road", "water", "fire", "wind"];

/** `count` rows with a query, a positive and a negative, all different. */
export function rows(count: number): string {
  const text = (seed: number): string => [1, 5, 7].map((step) => words[(seed * step + Math.floor(seed / 12)) % words.length]).join(" ");
  const lines = Array.from({ length: count }, (_, i) => ({ query: text(i), pos: [`${text(i)} ${words[i % 5]}`], neg: [text(i + 6)] }));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}
