// The golden CrossEncoder folders, copied to where tests can change them and loaded on the reference backend.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { bertFamily } from "@attune/nn";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { onTestFinished } from "vitest";
import type { TextPair } from "../src/cross-encoder.ts";
import { loadCrossEncoder } from "../src/load.ts";
import type { LoadedCrossEncoder, LoadOptions } from "../src/load.ts";

export const folders = ["cross-encoder-new", "cross-encoder-legacy", "cross-encoder-old-key"] as const;

/** A case.json of st-cases. */
export interface Case {
  readonly max_length: number;
  readonly pairs: readonly TextPair[];
  readonly predict: readonly number[];
  readonly logits: readonly number[];
  readonly default_activation: string;
  readonly rank: {
    readonly query: string;
    readonly documents: readonly string[];
    readonly expected: readonly { readonly corpus_id: number; readonly score: number }[];
  };
}

const golden = new URL("../../../fixtures/golden/", import.meta.url).pathname;

const files = createNodeFiles();

/** What to expect of a folder. */
export function caseOf(folder: string): Case {
  return JSON.parse(readFileSync(`${golden}st-cases/${folder}/case.json`, "utf8")) as Case;
}

/** A copy of fixtures/golden/`path`, changed file by file (null removes, an object is JSON) and removed after the test. */
export function copyOf(path: string, changes: Readonly<Record<string, object | null>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-reranking-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(golden + path, folder, { recursive: true });
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), JSON.stringify(change));
  }
  return folder;
}

/** A JSON file. */
export const jsonAt = (folder: string, name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;

/** Loads a folder. */
export function load(folder: string, options: Partial<LoadOptions> = {}): Promise<LoadedCrossEncoder> {
  return loadCrossEncoder({ files }, folder, { engine: new Engine(createReferenceBackend()), families: [bertFamily], ...options });
}

/** Loads a golden folder as it is. */
export const loadGolden = (name: string, options?: Partial<LoadOptions>): Promise<LoadedCrossEncoder> =>
  load(`${golden}st/${name}`, options);

/** The largest |a − b|; NaN if there is one. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, expected ${b.length}`);
  return Array.from(a, (value, i) => Math.abs(value - b[i])).reduce((worst, one) => (one <= worst ? worst : one), 0);
}
