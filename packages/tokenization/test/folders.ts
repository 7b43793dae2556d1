// Where the tests find folders and golden cases, and a read-only Files over them.

import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AttuneError, type Files } from "@attune/core";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** Beside the repository; ATTUNE_SHARED may name it. */
export const shared = process.env.ATTUNE_SHARED ?? `${repository}../shared`;
const fixtures = `${repository}fixtures/golden`;

/** The golden folder that has `path`: the repository's own copy, else the shared one; undefined where neither has. */
export function golden(path: string): string | undefined {
  return [`${fixtures}/${path}`, `${shared}/golden/${path}`].find((candidate) => existsSync(candidate));
}

/** The disk below, with some files replaced (a text) or hidden (null). */
export function testFiles(changed: Readonly<Record<string, string | null>> = {}): Files {
  const files: Pick<Files, "status" | "readText"> = {
    async status(path) {
      if (path in changed) return changed[path] === null ? undefined : { size: changed[path]!.length, kind: "file", modified: 0 };
      if (!existsSync(path)) return undefined;
      return { size: statSync(path).size, kind: "file", modified: 0 };
    },
    async readText(path) {
      if (typeof changed[path] === "string") return changed[path];
      if (!existsSync(path)) throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist" });
      return readFileSync(path, "utf8");
    },
  };
  return files as Files;
}
