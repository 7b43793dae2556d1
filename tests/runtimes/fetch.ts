// Bun and Deno as they lie in the npm registry: plain programs, nothing is run on install. Kept below node_modules, fetched once.

import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../lib/workspace.ts";

/** A runtime besides Node: how it is started, or why it cannot be. */
export interface Runtime {
  readonly name: "bun" | "deno";
  readonly version: string;
  /** The program and the arguments before the module; or the reason why there is none. */
  readonly command: readonly string[] | string;
}

const cache = join(root, "node_modules", ".cache", "runtimes");

const wanted = [
  { name: "bun", version: "1.4.5", package: "@oven/bun-linux-x64", program: "bin/bun", args: ["run"] },
  // Node's modules are found as pnpm laid them out; nothing is downloaded, and every permission is given as Node gives it.
  {
    name: "deno",
    version: "2.9.6",
    package: "@deno/linux-x64-glibc",
    program: "deno",
    args: ["run", "-A", "--no-check", "--no-lock", "--cached-only"],
  },
] as const;

/** Both runtimes: from the variables ATTUNE_BUN and ATTUNE_DENO, from the cache, or fetched into it. */
export async function fetchRuntimes(): Promise<Runtime[]> {
  const places = wanted.map(
    (one) => process.env[`ATTUNE_${one.name.toUpperCase()}`] ?? join(cache, "node_modules", one.package, one.program),
  );
  const missing = wanted.filter((_, i) => !existsSync(places[i]));
  const reason = missing.length > 0 ? await install(missing.map((one) => `${one.package}@${one.version}`)) : undefined;
  return wanted.map(({ name, version, args }, i) => {
    if (!existsSync(places[i])) return { name, version, command: reason ?? "the package holds no program" };
    const works = spawnSync(places[i], ["--version"], { encoding: "utf8" });
    return {
      name,
      version,
      command: works.status === 0 ? [places[i], ...args] : `it does not start here: ${works.stderr || works.error?.message}`,
    };
  });
}

/** Why it did not work; undefined when it did. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return `none is fetched for ${process.platform} ${process.arch}; ATTUNE_BUN and ATTUNE_DENO name installed ones`;
  mkdirSync(cache, { recursive: true });
  try {
    const flags = ["--prefix", cache, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await promisify(execFile)("npm", ["install", ...flags, ...packages], { cwd: cache, timeout: 300_000 });
    return undefined;
  } catch (error) {
    return `npm could not fetch it: ${(error as Error).message.split("\n").slice(0, 2).join(" ")}`;
  }
}
