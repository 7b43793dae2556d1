// What a published package must say about itself, so that the registry page, the installers and the bundlers are told the same everywhere.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { workspacePackages } from "./lib/workspace.ts";

const packages = workspacePackages();

/** Where `tsc -p` puts what is compiled from a source path. */
const built = (source: string, extension: string) => source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, extension);

test("packages agree on whether they name a repository", () => {
  expect(new Set(packages.map(({ manifest }) => typeof manifest.repository)).size).toBe(1);
});

describe.each(packages.map((p) => [p.manifest.name, p] as const))("%s", (name, { short, folder, manifest, kind }) => {
  test("is named after its folder", () => {
    expect(name).toBe(short === "attune" ? "attune" : `@attune/${short}`);
  });

  test("states licence, engines, module type and purpose", () => {
    expect(manifest).toMatchObject({ license: "Apache-2.0", type: "module", sideEffects: false, engines: { node: ">=22.18" } });
    expect(manifest.description).toMatch(/^[A-Z@a-z].{20,160}\.$/);
  });

  test("exports its sources here and its build when published", () => {
    const expected = Object.entries(manifest.exports ?? {}).map(([entry, source]) => {
      expect(existsSync(join(folder, source)), `${entry} -> ${source}`).toBe(true);
      return [entry, { types: built(source, ".d.ts"), default: built(source, ".js") }];
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(manifest.publishConfig).toMatchObject({ access: "public", exports: Object.fromEntries(expected) });
    const commands = Object.entries(manifest.bin ?? {}).map(([command, source]) => [command, built(source, ".js")]);
    expect(manifest.publishConfig?.bin ?? {}).toEqual(Object.fromEntries(commands));
  });

  test("publishes its build and README and runs nothing on install", () => {
    expect(manifest.files).toEqual(expect.arrayContaining(["dist", "README.md"]));
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((script) => /^(pre|post)?install$|^prepare/.test(script))).toEqual([]);
  });

  test("depends on its neighbours by workspace range and on others by the catalog", () => {
    const { dependencies, peerDependencies, devDependencies, optionalDependencies } = manifest;
    const odd = Object.entries({ ...dependencies, ...peerDependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([dependency, range]) => range !== (packages.some((p) => p.manifest.name === dependency) ? "workspace:^" : "catalog:"),
    );
    expect(odd).toEqual([]);
  });

  test(`has a README that names the ${kind}`, () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    expect(readme).toContain(name);
    expect(readme.split("\n").length).toBeGreaterThanOrEqual(8);
  });
});

test("what compiles itself when it is installed is optional, so that a machine without a compiler can install the rest", () => {
  const hard = packages.filter(({ manifest: { dependencies = {} } }) => "usearch" in dependencies || "hnswlib-node" in dependencies);
  expect(hard.map(({ manifest }) => manifest.name)).toEqual([]);
});
