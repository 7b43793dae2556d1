// What the meta-tests know of the checkout: its published packages with their manifests and source files. Reads, never writes.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

type Dependencies = Readonly<Record<string, string>>;

/** The fields of a package.json that the meta-tests look at. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly packageManager?: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Dependencies;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Dependencies;
  readonly files?: readonly string[];
  readonly scripts?: Dependencies;
  readonly publishConfig?: {
    readonly access?: string;
    readonly exports?: Readonly<Record<string, { readonly types?: string; readonly default?: string }>>;
    readonly bin?: Dependencies;
  };
  readonly dependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
  readonly repository?: unknown;
}

/** A published package of the checkout. */
export interface WorkspacePackage {
  readonly kind: "package" | "plugin";
  /** The folder's name, which is the package's name without scope. */
  readonly short: string;
  readonly folder: string;
  readonly manifest: Manifest;
  /** TypeScript files below src that are published, absolute. */
  readonly sources: readonly string[];
  /** Tests and type tests below src and their helpers in test, absolute. */
  readonly tests: readonly string[];
}

/** All packages and plugins, in order of their names. */
export function workspacePackages(): WorkspacePackage[] {
  return [...packagesIn("packages", "package"), ...packagesIn("plugins", "plugin")];
}

function packagesIn(parent: string, kind: WorkspacePackage["kind"]): WorkspacePackage[] {
  const names = readdirSync(join(root, parent)).filter((name) => existsSync(join(root, parent, name, "package.json")));
  return names.sort().map((short) => {
    const folder = join(root, parent, short);
    const files = typescriptFiles(join(folder, "src"));
    const isTest = (file: string) => /\.(test|test-d)\.ts$/.test(file);
    return {
      kind,
      short,
      folder,
      manifest: readManifest(folder),
      sources: files.filter((file) => !isTest(file)),
      tests: [...files.filter(isTest), ...typescriptFiles(join(folder, "test"))],
    };
  });
}

/** The manifest of the package in `folder`. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** The TypeScript files below `folder`, sorted; none if there is no such folder. */
function typescriptFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const wanted = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.split("/").includes("node_modules"));
  return wanted.sort().map((name) => join(folder, name));
}

/** A path as messages show it: relative to the root of the checkout. */
export function shown(path: string): string {
  return relative(root, path);
}
