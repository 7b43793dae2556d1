// The oldest Node that the packages promise to run on, as a plain program. Kept below node_modules, fetched once.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, workspacePackages } from "./workspace.ts";

const execute = promisify(execFile);

/** A Node's program, or the reason why there is none. */
export interface LeastNode {
  readonly version: string;
  readonly program?: string;
  readonly problem?: string;
}

/** The least Node of `engines`, from the cache or fetched into it; never throws. */
export async function fetchLeastNode(): Promise<LeastNode> {
  const version = leastVersion();
  const name = `node-${process.platform}-${process.arch}`;
  const cache = join(root, "node_modules", ".cache", `node-${version}`);
  const program = join(cache, "node_modules", name, "bin", "node");
  try {
    if (!existsSync(program)) await install(cache, `${name}@${version}`);
    const { stdout } = await execute(program, ["--version"]);
    return stdout.trim() === `v${version}` ? { version, program } : { version, problem: `the package holds ${stdout.trim()}` };
  } catch (error) {
    return { version, problem: `it could not be fetched: ${(error as Error).message.split("\n").slice(0, 2).join(" ")}` };
  }
}

async function install(folder: string, what: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const flags = ["--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await execute("npm", ["install", ...flags, what], { cwd: folder, timeout: 100_000 });
}

/** ">=22.18", which all packages say, as "22.18.0". */
function leastVersion(): string {
  const [{ manifest }] = workspacePackages();
  return `${manifest.engines!.node.replace(">=", "")}.0`;
}
