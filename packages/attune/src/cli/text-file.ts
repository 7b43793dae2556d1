// Where commands may write text files: never over one that is there unless told to.

import { AttuneError, folderOf } from "@attune/core";
import type { Files } from "@attune/core";
import { absolutePath } from "#platform";
import { flagName } from "../settings/flag-name.ts";

/**
 * Checks, before any work is done, that a file may be written: E_OUTPUT for a folder, for a file that is there, unless it may be replaced, and for a
 * folder that is not.
 */
export async function expectNewFile(files: Files, path: string, { overwrite }: { overwrite: boolean }): Promise<void> {
  const status = await files.status(path);
  if (status?.kind === "folder") throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "is a folder, not a file" });
  if (!status && (await files.status(folderOf(path)))?.kind !== "folder")
    throw new AttuneError({ code: "E_OUTPUT", place: path, problem: `cannot be made: ${folderOf(path)} is no folder` });
  if (!status || overwrite) return;
  throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "exists", hint: "--overwrite replaces it, or give another --output" });
}

/** E_OPTION where a file that a command writes is one that it reads, or is written twice. Keys are settings. */
export function expectOwnFiles(written: Paths, read: Paths): void {
  const taken = new Map(
    Object.entries(read).flatMap(([setting, path]) => (path === undefined ? [] : [[absolutePath(path), setting] as const])),
  );
  for (const [setting, path] of Object.entries(written)) {
    if (path === undefined) continue;
    const other = taken.get(absolutePath(path));
    if (other !== undefined) {
      throw new AttuneError({ code: "E_OPTION", place: `--${flagName(setting)}`, problem: `is the file of --${flagName(other)}, ${path}` });
    }
    taken.set(absolutePath(path), setting);
  }
}

type Paths = Readonly<Record<string, string | undefined>>;
