// How much code is published and how much of it is loaded: bytes of JavaScript as tsc writes it, comments kept, maps and types left out.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { inRoot, root } from "../lib/paths.ts";
import { output } from "../lib/processes.ts";

/** Bytes by "bundle NAME", and what `attune --help` must load before it can print. */
export async function bundleBytes(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "attune-bundle-"));
  try {
    await compile(folder);
    const found: Record<string, number> = {};
    for (const [name, files] of filesByPackage(folder)) found[`bundle ${name}`] = bytesOf(files);
    found["bundle loaded by the command line at start"] = bytesOf(closureOf(join(folder, "packages/attune/src/cli/main.js"), folder));
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All sources at once, without type checks: the same output as package by package, in a tenth of the time. */
async function compile(folder: string): Promise<void> {
  const config = join(folder, "tsconfig.json");
  const sources = ["packages", "plugins"].map((parent) => inRoot(parent, "*", "src"));
  const tests = sources.flatMap((source) => [`${source}/**/*.test.ts`, `${source}/**/*.test-d.ts`]);
  const compilerOptions = { rootDir: root, outDir: folder, types: [], sourceMap: false, inlineSources: false, declaration: false };
  writeFileSync(config, JSON.stringify({ extends: inRoot("tsconfig.build.json"), compilerOptions, include: sources, exclude: tests }));
  await output(process.execPath, [inRoot("node_modules", "typescript", "bin", "tsc"), "-p", config, "--noCheck"], { cwd: root });
}

function filesByPackage(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const parent of ["packages", "plugins"]) {
    for (const name of readdirSync(join(folder, parent))) {
      const names = readdirSync(join(folder, parent, name), { recursive: true, encoding: "utf8" });
      const files = names.filter((file) => file.endsWith(".js")).map((file) => join(folder, parent, name, file));
      found.set(`${parent}/${name}`, files);
    }
  }
  return found;
}

const bytesOf = (files: Iterable<string>): number => [...files].reduce((sum, file) => sum + statSync(file).size, 0);

/** Files that are imported by statements, from `entry` on; what is imported when needed, and third parties, are not in it. */
function closureOf(entry: string, folder: string): Set<string> {
  const packages = entriesByName();
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^import "([^"]+)"/gm)) {
      const target = specifier.startsWith(".") ? join(dirname(file), specifier) : packages.get(specifier);
      if (target) visit(target.startsWith(folder) ? target : join(folder, target));
    }
  };
  visit(entry);
  return found;
}

/** "@attune/core" to "packages/core/src/index.js", from the manifests. */
function entriesByName(): Map<string, string> {
  const found = new Map<string, string>();
  for (const parent of ["packages", "plugins"]) {
    for (const name of readdirSync(inRoot(parent))) {
      const manifest = readManifest(inRoot(parent, name));
      for (const [entry, source] of Object.entries(manifest?.exports ?? {})) {
        const path = relative(root, inRoot(parent, name, source)).replace(/\.ts$/, ".js");
        found.set(join(manifest!.name, entry), path);
      }
    }
  }
  return found;
}

function readManifest(folder: string): { name: string; exports?: Record<string, string> } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; exports?: Record<string, string> };
  } catch {
    return undefined;
  }
}
