// What an evaluation set says, as a few words and a hash: scores of two moments can be compared only where it is the same.

import { baseName, joinPath } from "@attune/core";
import type { Context, Files } from "@attune/core";
import { sha256OfFile } from "#platform";
import { hashFiles } from "../models/model-hash.ts";
import { matchingFiles, optionPaths, withOptionPaths } from "./evaluation-paths.ts";
import { recordedSets } from "./evaluation-sets.ts";
import type { EvaluationSet } from "./evaluation-sets.ts";

/** What a split of a BEIR folder is read from. */
const TEXTS = /^(corpus|queries)\./;

/** Digits of the hash: enough to tell sets apart, few enough to be read. */
const DIGITS = 16;

/** The name of a set, how it is measured, and a hash of its files: "dev.jsonl 3fa9c1d2e4b50718". It does not depend on where they lie. */
export async function contentOf(set: EvaluationSet, context: Context, split?: string): Promise<string> {
  const { files } = context;
  const named = await withOptionPaths([set], files, baseName);
  const [{ path, evaluator }] = recordedSets(named, context, baseName) as { path: string; evaluator?: unknown }[];
  const hashes = [await hashOf(files, set.path, split)];
  for (const option of Object.values(await optionPaths(set, files))) hashes.push(await hashOf(files, option));
  return [path, split, evaluator && JSON.stringify(evaluator), ...hashes].filter(Boolean).join(" ");
}

/** Empty where a path is no file, no folder and no pattern of files: an evaluator of somebody's own may name its data in another way. */
async function hashOf(files: Files, path: string, split?: string): Promise<string> {
  const status = await files.status(path);
  if (!status) return hashOfAll(files, await matchingFiles(files, path));
  if (status.kind === "file") return (await sha256OfFile(files, path)).slice(0, DIGITS);
  return (await hashFiles(files, path, await filesOf(files, path, split), {})).slice(0, DIGITS);
}

/** Of files in their order, by name and content. */
async function hashOfAll(files: Files, paths: readonly string[]): Promise<string> {
  const hashes: (readonly [string, string])[] = [];
  for (const path of paths) hashes.push([baseName(path), await sha256OfFile(files, path)]);
  return hashes.length === 0 ? "" : (await hashFiles(files, "", [], { files: hashes })).slice(0, DIGITS);
}

/** Texts and judgements of a split; without one, all files of the folder and its judgements. */
async function filesOf(files: Files, folder: string, split: string | undefined): Promise<string[]> {
  const qrels = split === undefined ? await listed(files, joinPath(folder, "qrels")) : [`${split}.tsv`];
  const texts = (await listed(files, folder)).filter((name) => split === undefined || TEXTS.test(name));
  const judged = [];
  for (const name of qrels) if (await files.status(joinPath(folder, "qrels", name))) judged.push(joinPath("qrels", name));
  return [...texts, ...judged].sort();
}

/** Names of the files in a folder, without hidden ones. */
async function listed(files: Files, folder: string): Promise<string[]> {
  if ((await files.status(folder))?.kind !== "folder") return [];
  const found: string[] = [];
  for (const name of await files.list(folder)) {
    if (!name.startsWith(".") && (await files.status(joinPath(folder, name)))?.kind === "file") found.push(name);
  }
  return found;
}
