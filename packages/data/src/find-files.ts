// Patterns of file names: `data/*.jsonl`, `data/**/part-?.csv.gz`. `*` and `?` stand for characters of one name, `**` for any folders.
// Hidden names match only a pattern that starts with a dot, as in a shell. Folders are never a match.

import { AttuneError, joinPath, type Files } from "@attune/core";

/** Links between folders can make a tree endless. */
const MOST_FOLDERS = 100_000;

/**
 * The files that a pattern means, sorted; a path without `*` and `?`, or one that is there as it is written, means itself, whether it is
 * there or not. E_NO_FILE when a pattern matches nothing.
 */
export async function findFiles(files: Files, pattern: string): Promise<string[]> {
  if (!isPattern(pattern) || (await files.status(pattern))) return [pattern];
  const parts = pattern.split("/").filter((part, i) => part !== "" || i === 0);
  const fixed = parts.findIndex(isPattern);
  const start = parts.slice(0, fixed).join("/") || (pattern.startsWith("/") ? "/" : "");
  const rest = parts.slice(fixed);
  const found = await new Search(files, pattern).matches(start, rest.at(-1) === "**" ? [...rest, "*"] : rest);
  if (found.length > 0) return [...new Set(found)].sort();
  throw new AttuneError({
    code: "E_NO_FILE",
    place: pattern,
    problem: "matches no file",
    hint: "* and ? stand for characters of one name, ** for any folders",
  });
}

function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

class Search {
  readonly #files: Files;
  readonly #pattern: string;
  #folders = 0;

  constructor(files: Files, pattern: string) {
    this.#files = files;
    this.#pattern = pattern;
  }

  /** The files under `folder` ("": the current one) that the parts of a pattern lead to. */
  async matches(folder: string, [part, ...rest]: readonly string[]): Promise<string[]> {
    if (++this.#folders > MOST_FOLDERS) throw this.#endless();
    const found: string[] = part === "**" ? await this.matches(folder, rest) : [];
    for (const name of await this.#files.list(folder || ".")) {
      if (!matchesName(name, part)) continue;
      const path = joinPath(folder, name);
      const kind = (await this.#files.status(path))?.kind;
      if (kind === "file" && rest.length === 0) found.push(path);
      if (kind !== "folder" || (part !== "**" && rest.length === 0)) continue;
      for (const inside of await this.matches(path, part === "**" ? [part, ...rest] : rest)) found.push(inside);
    }
    return found;
  }

  #endless(): AttuneError {
    const problem = `leads through more than ${MOST_FOLDERS.toLocaleString("en")} folders`;
    return new AttuneError({ code: "E_FILE", place: this.#pattern, problem, hint: "name the folder more closely" });
  }
}

function matchesName(name: string, part: string): boolean {
  if (name.startsWith(".") && !part.startsWith(".")) return false;
  const source = part
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "su").test(name);
}
