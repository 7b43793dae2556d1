// The golden sentence-transformers folders, on a disk in memory where files can be changed.

import type { ModelFolder } from "../src/model-folder.ts";
import { readSentenceTransformers } from "../src/read-sentence-transformers.ts";
import { loadFolder, memoryFiles, type MemoryFiles } from "./memory-files.ts";

/** The root of the checkout, with "/". */
export const root = new URL("../../../", import.meta.url).pathname;

export const golden = `${root}fixtures/golden/st/`;
export const goldenFolders = [
  "bert-dense-legacy",
  "bert-dense-new",
  "bert-mean-legacy",
  "bert-mean-new",
  "bert-multi-legacy",
  "bert-noprompt-legacy",
];

/** A disk with a golden folder as "m", changed file by file: null removes, an object is JSON. */
export function disk(name: string, changes: Record<string, object | string | null> = {}): MemoryFiles {
  const files = memoryFiles();
  loadFolder(files, golden + name, "m");
  for (const [path, change] of Object.entries(changes)) {
    if (change === null) files.contents.delete(`m/${path}`);
    else files.contents.set(`m/${path}`, new TextEncoder().encode(typeof change === "string" ? change : JSON.stringify(change)));
  }
  return files;
}

/** Reads a golden folder with such changes. */
export const read = (name: string, changes?: Parameters<typeof disk>[1]): Promise<ModelFolder> =>
  readSentenceTransformers(disk(name, changes), "m");
