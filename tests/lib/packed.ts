// Publishes without a registry: builds and packs every package, and installs the tarballs with npm into a project outside of the workspace.
// Third-party packages are linked from this checkout, so nothing is downloaded; what a tarball lacks is therefore ours. Optional dependencies are left
// out, as where they cannot be installed.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readManifest, root, workspacePackages } from "./workspace.ts";

const execute = promisify(execFile);

/** A project outside of the workspace that has every package of it installed from tarballs. */
export interface PackedProject {
  readonly folder: string;
  /** Writes a file of the project. */
  write(name: string, text: string): void;
  /** Runs a module in the project with Node, the one of the tests unless another is given; returns its stdout. */
  run(name: string, source: string, node?: string): Promise<string>;
  /** Runs a program in the project; returns its stdout, throws with its output if it fails. */
  execute(program: string, args: readonly string[]): Promise<string>;
  remove(): void;
}

/** Builds, packs and installs all packages. */
export async function installPacked(): Promise<PackedProject> {
  const folder = mkdtempSync(join(tmpdir(), "attune-packed-"));
  const inProject = (program: string, args: readonly string[]) => output(program, args, folder);
  await output(process.execPath, [join(root, "scripts", "build.mjs")], root);
  const tarballs = await pack(join(folder, "tarballs"));
  const ours = Object.fromEntries(tarballs.map((file) => [packageName(file), `file:./tarballs/${file}`]));
  const manifest = { name: "outside", private: true, type: "module", dependencies: { ...thirdParty(), ...ours } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  const offline = ["--offline", "--ignore-scripts", "--install-links=false", "--no-package-lock", "--omit=optional", "--loglevel=error"];
  await inProject("npm", ["install", ...offline]);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return {
    folder,
    write,
    execute: inProject,
    run(name, source, node = process.execPath) {
      write(name, source);
      return inProject(node, [name]);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function pack(destination: string): Promise<string[]> {
  mkdirSync(destination);
  const { packageManager = "pnpm" } = readManifest(root);
  const filters = ["--filter", "./packages/*", "--filter", "./plugins/*"];
  await output("npx", ["-y", packageManager, "-r", ...filters, "pack", "--pack-destination", destination], root);
  return readdirSync(destination);
}

/** "attune-core-0.1.0.tgz" -> "@attune/core", "attune-0.1.0.tgz" -> "attune". */
function packageName(tarball: string): string {
  const name = tarball.replace(/-\d.*$/, "");
  return name.replace(/^attune-/, "@attune/");
}

/** What the packages need from others (and TypeScript, to check the published types), as links to this checkout's copies. */
function thirdParty(): Record<string, string> {
  const packages = workspacePackages();
  const ours = new Set(packages.map(({ manifest }) => manifest.name));
  const needed = packages.flatMap(({ folder, manifest }) =>
    Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map(
      (name) => [name, join(folder, "node_modules", name)] as const,
    ),
  );
  const tools = ["typescript", "@types/node"].map((name) => [name, join(root, "node_modules", name)] as const);
  return Object.fromEntries(
    [...needed.filter(([name]) => !ours.has(name)), ...tools].map(([name, path]) => [name, `file:${realpathSync(path)}`]),
  );
}

async function output(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: "", npm_config_loglevel: "error" },
      maxBuffer: 1 << 26,
    });
    return stdout;
  } catch (cause) {
    const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`.slice(0, 8000), { cause });
  }
}
