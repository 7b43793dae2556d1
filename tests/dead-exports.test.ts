// An export that nobody imports, or a file that nobody reaches, is a promise without a taker. What a package's entries export counts as used.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./lib/workspace.ts";

/** knip's report: per file, the names found for each kind of issue. */
interface Report {
  readonly issues: readonly { readonly file: string; readonly [kind: string]: string | readonly { readonly name: string }[] }[];
}

test("no dead files or exports", () => {
  const knip = join(root, "node_modules", "knip", "bin", "knip.js");
  const { stdout, stderr } = spawnSync(process.execPath, [knip, "--no-progress", "--reporter", "json"], { cwd: root, encoding: "utf8" });
  const dead = parsed(stdout, stderr).issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([kind, found]) =>
      typeof found === "string" ? [] : found.map(({ name }) => `${file}: ${kind} ${name}`),
    ),
  );
  expect(dead).toEqual([]);
});

function parsed(stdout: string, stderr: string): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch (cause) {
    throw new Error(`knip did not report: ${stderr || stdout}`, { cause });
  }
}
