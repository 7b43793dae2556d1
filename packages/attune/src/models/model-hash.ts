// What a folder's embeddings depend on, as one hash: weights, configuration and tokenizer, by name and content.

import { baseName, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { modelFiles, type ModelFolder } from "@attune/formats";
import type { Parameter } from "@attune/tensor";
import { sha256OfFile } from "#platform";

const WEIGHTS = /\.(safetensors|bin)$/;

/** SHA-256 over the files that are read with a model, and over everything in `settings`, in hexadecimal digits. */
export async function hashModel(files: Files, folder: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  return hashFiles(files, folder, await modelFiles(files, folder), settings);
}

/** The same where the weights are hashed already, and in `settings`: only how texts are read (pooling, prompts, tokenizer) is looked at. */
export async function hashReading(files: Files, folder: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  const paths = (await modelFiles(files, folder)).filter((path) => !WEIGHTS.test(path));
  return hashFiles(files, folder, paths, settings);
}

/** SHA-256 of each file of weights, those of modules under their folders. */
export async function hashWeights(files: Files, { weights, modules }: ModelFolder): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of weights.paths) hashes[baseName(path)] = await sha256OfFile(files, path);
  for (const [i, module] of modules.entries()) {
    if (module.type !== "dense") continue;
    for (const path of module.weights.paths) hashes[joinPath(`${i}_Dense`, baseName(path))] = await sha256OfFile(files, path);
  }
  return hashes;
}

/** SHA-256 over the values of parameters and their names. */
export async function hashParameters(parameters: readonly Parameter[]): Promise<string> {
  const lines: string[] = [];
  for (const { name, value } of parameters) lines.push(`${name} ${await sha256((await value.read()) as BufferSource)}`);
  return sha256(new TextEncoder().encode(lines.join("\n")));
}

/** SHA-256 over these files of a folder, by name and content, and over everything in `settings`, in hexadecimal digits. */
export async function hashFiles(
  files: Files,
  folder: string,
  paths: readonly string[],
  settings: Readonly<Record<string, unknown>>,
): Promise<string> {
  const lines = [JSON.stringify(settings)];
  for (const path of paths) lines.push(`${path} ${await sha256OfFile(files, joinPath(folder, path))}`);
  return sha256(new TextEncoder().encode(lines.join("\n")));
}

async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
