// Another commit of this repository, made ready to run the benchmarks of this one: its sources, these benchmarks, its own native addon.
// What did not change is shared: dependencies when the lockfile is the same, the addon when its sources are.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { output } from "../lib/processes.ts";
import { inRoot, root } from "../lib/paths.ts";

export interface Base {
  readonly commit: string;
  /** The root of its checkout. */
  readonly folder: string;
}

/**
 * The commit that a comparison starts from when none is named: where this branch left main, or the commit before this one. Undefined: there is none,
 * as in a first commit, in a clone of depth 1, and where git has no repository.
 */
export async function defaultBase(): Promise<string | undefined> {
  const head = await commitOf("HEAD").catch(() => undefined);
  if (head === undefined) return undefined;
  for (const name of ["origin/main", "main", "HEAD^"]) {
    const commit = await git("merge-base", "HEAD", name).catch(() => undefined);
    if (commit && commit !== head) return commit;
  }
  return undefined;
}

const git = async (...args: string[]): Promise<string> => (await output("git", args, { cwd: root })).trim();
const commitOf = (name: string): Promise<string> => git("rev-parse", "--verify", "--end-of-options", `${name}^{commit}`);

/** Checks `name` out below .cache and makes it ready; one that was made before is used again. Throws with what is in the way. */
export async function prepareBase(name: string): Promise<Base> {
  const commit = await commitOf(name);
  const folder = inRoot(".cache", "bases", commit);
  if (!existsSync(folder)) await checkOut(commit, folder);
  copyBenchmarks(folder);
  await ensureAddon(folder);
  return { commit, folder };
}

async function checkOut(commit: string, folder: string): Promise<void> {
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const archive = join(unfinished, "sources.tar");
  await git("archive", "--format=tar", `--output=${archive}`, commit);
  await output("tar", ["-xf", archive, "-C", unfinished]);
  rmSync(archive);
  if (sameText("pnpm-lock.yaml", unfinished)) linkDependencies(unfinished);
  else await output(process.execPath, [join(unfinished, "scripts", "run.mjs"), "attune", "--version"], { cwd: unfinished });
  for (const old of readdirSync(dirname(folder))) if (join(dirname(folder), old) !== unfinished) removeAll(join(dirname(folder), old));
  renameSync(unfinished, folder);
}

/** The same content in both checkouts. */
function sameText(path: string, folder: string): boolean {
  const other = join(folder, path);
  return existsSync(other) && readFileSync(other, "utf8") === readFileSync(inRoot(path), "utf8");
}

/** pnpm's links are relative: copied as they are, they lead to the base's own packages and, through the root, to the shared third-party ones. */
function linkDependencies(folder: string): void {
  symlinkSync(inRoot("node_modules"), join(folder, "node_modules"));
  for (const parent of ["packages", "plugins"]) {
    for (const name of readdirSync(join(folder, parent))) {
      const from = inRoot(parent, name, "node_modules");
      if (existsSync(from)) cpSync(from, join(folder, parent, name, "node_modules"), { recursive: true, verbatimSymlinks: true });
    }
  }
}

/** Both sides must run the same benchmarks, so the base gets those of this checkout, with links to its own packages. */
function copyBenchmarks(folder: string): void {
  for (const path of ["benchmarks", join("fixtures", "lengths")]) {
    removeAll(join(folder, path));
    cpSync(inRoot(path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  }
}

const removeAll = (path: string): void => rmSync(path, { recursive: true, force: true });

/** Compiled by the base's own set-up, or taken from here when it would come out the same. */
async function ensureAddon(folder: string): Promise<void> {
  const build = join("plugins", "backend-cpu", "build");
  const source = join("plugins", "backend-cpu", "native");
  const same = await output("diff", ["-rq", "-x", "build", inRoot(source), join(folder, source)]).then(
    () => sameText(join("plugins", "backend-cpu", "binding.gyp"), folder),
    () => false,
  );
  if (same) {
    const target = join(folder, build, "Release");
    mkdirSync(target, { recursive: true });
    cpSync(inRoot(build, "Release", "attune_cpu.node"), join(target, "attune_cpu.node"));
    return;
  }
  const program = `import(${JSON.stringify(join(folder, "scripts", "lib", "addon.mjs"))}).then((m) => m.ensureAddon(process.execPath))`;
  await output(process.execPath, ["-e", program], { cwd: folder });
  if (!existsSync(join(folder, build, "Release", "attune_cpu.node"))) throw new Error(`the native addon of ${folder} did not build`);
}
