// Where commands may write files: never over one that is there unless told to.

import { AttuneError, folderOf } from "@attune/core";
import type { Files } from "@attune/core";
import { absolutePath } from "#platform";
import { flagName } from "../settings/flag-name.ts";
import { matchingFiles } from "../training/evaluation-paths.ts";
import { refusalToWrite } from "../writable.ts";

/**
 * Checks, before any work is done, that a file may be written: E_OUTPUT for a folder, for a file that is there, unless it may be replaced, and where
 * nothing can be written. `overwrite` is undefined for a command that replaces nothing.
 */
export async function expectNewFile(
  files: Files,
  path: string,
  { overwrite, flag = "--output" }: { overwrite?: boolean; flag?: string } = {},
): Promise<void> {
  const hint = `give another ${flag}`;
  const wrong = (problem: string, next = hint, cause?: unknown): AttuneError =>
    new AttuneError({ code: "E_OUTPUT", place: path, problem, hint: next, cause });
  const folder = folderOf(path);
  const [there, above] = [await files.status(path), await files.status(folder)];
  if (there?.kind === "folder") throw wrong("is a folder, not a file");
  if (!above) throw wrong(`cannot be written: ${folder} does not exist`, `make the folder first, or ${hint}`);
  if (above.kind === "file") throw wrong(`cannot be written: ${folder} is a file, not a folder`);
  if (there && !overwrite) throw wrong("exists", overwrite === undefined ? hint : `--overwrite replaces it, or ${hint}`);
  const refusal = await refusalToWrite(files, path);
  if (refusal) throw wrong(refusal.problem, hint, refusal.cause);
}

/**
 * E_OPTION where a file that a command writes is one that it reads, or is written twice. Keys are settings; what is read may also be a pattern of
 * files, or a folder of queries, documents and judgements.
 */
export async function expectOwnFiles(files: Files, written: Paths, read: Paths): Promise<void> {
  const taken = new Map<string, string>();
  for (const [setting, path] of Object.entries(read)) {
    if (path === undefined) continue;
    for (const one of [path, ...(await matchingFiles(files, path))]) taken.set(absolutePath(one), setting);
  }
  for (const [setting, path] of Object.entries(written)) {
    if (path === undefined) continue;
    const other = taken.get(absolutePath(path)) ?? readerOf(absolutePath(path), taken);
    if (other !== undefined) {
      throw new AttuneError({ code: "E_OPTION", place: `--${flagName(setting)}`, problem: `is the file of --${flagName(other)}, ${path}` });
    }
    taken.set(absolutePath(path), setting);
  }
}

/** What a folder of an evaluation or a training is read from; other files in it, such as a run, may be written. */
const DATA_FILE = /^(corpus|queries)\.|_(queries|qrels)\.|^qrels\//;

/** The setting whose folder has this file among its data. */
function readerOf(file: string, taken: ReadonlyMap<string, string>): string | undefined {
  for (const [folder, setting] of taken) {
    if (file.startsWith(`${folder}/`) && DATA_FILE.test(file.slice(folder.length + 1))) return setting;
  }
  return undefined;
}

type Paths = Readonly<Record<string, string | undefined>>;
