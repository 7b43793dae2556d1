// What a folder's embeddings depend on, as one hash: weights, configuration and tokenizer, by name and content.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { sha256OfFile } from "#platform";

/** Files that shape vectors; model cards, logs and checkpoints do not. */
const SHAPES = /\.(json|safetensors|bin|txt|model)$/;
const WEIGHTS = /\.(safetensors|bin)$/;
/** Folders of modules, as sentence-transformers numbers them. */
const MODULE = /^\d+_/;

/** SHA-256 over the files of a model folder and of its modules, and over everything in `settings`, in hexadecimal digits. */
export async function hashModel(files: Files, folder: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  return hashFiles(files, folder, await shapingFiles(files, folder), settings);
}

/** The same where the weights are hashed already, and in `settings`: only how texts are read (pooling, prompts, tokenizer) is looked at. */
export async function hashReading(files: Files, folder: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const paths = (await shapingFiles(files, folder)).filter((path) => !WEIGHTS.test(path));
  return hashFiles(files, folder, paths, settings);
}

async function hashFiles(
  files: Files,
  folder: string,
  paths: readonly string[],
  settings: Readonly<Record<string, unknown>>,
): Promise<string> {
  const lines = [JSON.stringify(settings)];
  for (const path of paths) lines.push(`${path} ${await sha256OfFile(files, joinPath(folder, path))}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("\n"))));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Relative to the folder, sorted. */
async function shapingFiles(files: Files, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await files.list(folder)) {
    if (SHAPES.test(name)) found.push(name);
    else if (MODULE.test(name)) found.push(...(await shapingFiles(files, joinPath(folder, name))).map((inner) => joinPath(name, inner)));
  }
  return found;
}
