// The layers of docs/architecture.md, enforced: who may import whom, where `node:` may appear, and that manifests tell the truth about it.

import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, packageOf } from "./lib/imports.ts";
import { readManifest, root, shown, workspacePackages, type WorkspacePackage } from "./lib/workspace.ts";

const base = ["core", "tensor"];
const embedding = [...base, "nn", "pooling", "formats", "tokenization"];
const libraries = [...embedding, "embedding", "reranking", "search", "quantization", "losses", "optim", "data", "evaluation", "mining"];

/** Which packages each package may import. A new package is added here, with its arrows, before it is written. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  tensor: ["core"],
  nn: base,
  pooling: base,
  losses: base,
  optim: base,
  formats: ["core"],
  data: ["core"],
  tokenization: ["core"],
  search: base,
  quantization: [...base, "search"],
  evaluation: [...base, "data", "search", "quantization"],
  mining: [...base, "data", "search", "evaluation"],
  report: ["core"],
  embedding,
  reranking: [...base, "nn", "formats", "tokenization"],
  train: libraries,
  testing: libraries,
  attune: [...libraries, "train", "report"],
};

const packages = workspacePackages();
const byName = new Map(packages.map((p) => [p.manifest.name, p]));
const rootDevelopment = readManifest(root).devDependencies ?? {};

interface Located {
  readonly at: string;
  readonly specifier: string;
  readonly lazy: boolean;
}

function importsIn(files: readonly string[]): Located[] {
  return files.flatMap((file) => importsOf(readFileSync(file, "utf8")).map((found) => ({ at: shown(file), ...found })));
}

/** A package that a source file of `from` must not import, as a sentence; undefined if the import is fine. */
function forbidden(from: WorkspacePackage, { at, specifier, lazy }: Located): string | undefined {
  const target = byName.get(packageOf(specifier) ?? "");
  if (!target || target === from) return undefined;
  if (from.kind === "plugin") return target.kind === "plugin" ? `${at}: a plugin imports the plugin ${specifier}` : undefined;
  if (target.kind === "plugin") return from.short === "attune" && lazy ? undefined : `${at}: a package imports the plugin ${specifier}`;
  return arrows[from.short]?.includes(target.short) ? undefined : `${at}: ${from.short} must not import ${specifier}`;
}

const mayUseNode = (file: string) => /^packages\/(testing\/|attune\/src\/(cli|node)\/)|^plugins\//.test(file);

test("every package has its place in the layers", () => {
  expect(packages.filter((p) => p.kind === "package" && !(p.short in arrows)).map((p) => p.short)).toEqual([]);
});

describe.each(packages.map((p) => [p.manifest.name, p] as const))("%s", (_name, subject) => {
  const imports = importsIn(subject.sources);
  const testImports = importsIn(subject.tests);

  test("imports only what lies below it", () => {
    expect(imports.map((found) => forbidden(subject, found)).filter(Boolean)).toEqual([]);
  });

  test("imports no Node module outside the Node entries", () => {
    const found = imports.filter(({ at, specifier }) => isBuiltin(specifier) && !mayUseNode(at));
    expect(found.map(({ at, specifier }) => `${at}: ${specifier}`)).toEqual([]);
  });

  test("names Node modules with node:", () => {
    const bare = [...imports, ...testImports].filter(({ specifier }) => isBuiltin(specifier) && !specifier.startsWith("node:"));
    expect(bare.map(({ at, specifier }) => `${at}: ${specifier}`)).toEqual([]);
  });

  test("reaches other packages by name, never by path", () => {
    const leaves = (folder: string) => (found: Located) =>
      found.specifier.startsWith(".") && !join(root, found.at, "..", found.specifier).startsWith(folder);
    const ownManifest = ({ at, specifier }: Located) => join(root, at, "..", specifier) === join(subject.folder, "package.json");
    const ofSources = imports.filter((found) => leaves(join(subject.folder, "src"))(found) && !ownManifest(found));
    const outside = [...ofSources, ...testImports.filter(leaves(subject.folder))];
    expect(outside.map(({ at, specifier }) => `${at}: ${specifier}`)).toEqual([]);
  });

  test("declares each import", () => {
    const { dependencies, peerDependencies, optionalDependencies, devDependencies, name } = subject.manifest;
    const declared = new Set(Object.keys({ [name]: "", ...dependencies, ...peerDependencies, ...optionalDependencies }));
    const forTests = new Set([...declared, ...Object.keys({ ...devDependencies, ...rootDevelopment })]);
    const undeclared = (found: readonly Located[], known: ReadonlySet<string>) =>
      found.filter(({ specifier }) => packageOf(specifier) && !isBuiltin(specifier) && !known.has(packageOf(specifier) ?? ""));
    expect(
      [...undeclared(imports, declared), ...undeclared(testImports, forTests)].map(({ at, specifier }) => `${at}: ${specifier}`),
    ).toEqual([]);
  });

  test("uses each declared dependency", () => {
    expect(unusedDependencies(subject, imports, testImports)).toEqual([]);
  });
});

/** Native build tools are used by binding.gyp and by scripts, not by imports. */
const buildTools = new Set(["node-addon-api", "node-gyp", "prebuildify"]);

function unusedDependencies(subject: WorkspacePackage, imports: readonly Located[], testImports: readonly Located[]): string[] {
  const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = subject.manifest;
  const used = new Set(imports.map(({ specifier }) => packageOf(specifier)));
  const usedByTests = new Set(testImports.map(({ specifier }) => packageOf(specifier)));
  // A peer of a dependency is a peer of the dependent, so that a user's single copy serves both.
  const peersOf = (names: Readonly<Record<string, string>>) =>
    new Set(Object.keys(names).flatMap((name) => Object.keys(byName.get(name)?.manifest.peerDependencies ?? {})));
  const inherited = peersOf(dependencies);
  const inheritedByTests = peersOf({ ...dependencies, ...devDependencies });
  const isUsed = (name: string) => used.has(name.replace("@types/", "")); // published types name those of others
  return [
    ...Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !isUsed(name) && !inherited.has(name)),
    ...Object.keys(devDependencies).filter(
      (name) =>
        !usedByTests.has(name) && !isUsed(name) && !inheritedByTests.has(name) && !(name in peerDependencies) && !buildTools.has(name),
    ),
  ];
}
