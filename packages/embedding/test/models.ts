// The golden sentence-transformers folders, loaded on the reference backend.

import { readFileSync } from "node:fs";
import type { Files } from "@attune/core";
import { openSafetensors } from "@attune/formats";
import { bertFamily } from "@attune/nn";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { loadEmbeddingModel } from "../src/load.ts";
import type { LoadedModel, LoadOptions } from "../src/load.ts";
import { goldenDisk } from "./memory-files.ts";

export const folders = [
  "bert-mean-legacy",
  "bert-mean-new",
  "bert-dense-legacy",
  "bert-dense-new",
  "bert-multi-legacy",
  "bert-noprompt-legacy",
];

/** A case.json of st-cases. */
export interface Case {
  readonly texts: readonly string[];
  readonly max_seq_length: number;
  readonly prompts: Readonly<Record<string, string>>;
  readonly default_prompt_name: string | null;
  readonly similarity_fn_name: string;
}

/** What to expect of a folder. */
export function caseOf(folder: string): Case {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/golden/st-cases/${folder}/case.json`, import.meta.url), "utf8")) as Case;
}

/** Expected embeddings by the name of the call; where there are no prompts, a call without prompt is not among them, being `encode`. */
export async function expectedOf(folder: string): Promise<(name: string) => Promise<Float32Array>> {
  const file = await openSafetensors(goldenDisk(`st-cases/${folder}`), "m/expected.safetensors");
  return (name) => file.readF32(file.names.includes(name) ? name : "encode");
}

/** Loads the folder "m" of a disk. */
export function load(files: Files, options: Partial<LoadOptions> = {}, folder = "m"): Promise<LoadedModel> {
  return loadEmbeddingModel({ files }, folder, { engine: new Engine(createReferenceBackend()), families: [bertFamily], ...options });
}

/** The largest |a − b|; NaN if there is one. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, expected ${b.length}`);
  return Array.from(a, (value, i) => Math.abs(value - b[i])).reduce((worst, one) => (one <= worst ? worst : one), 0);
}
