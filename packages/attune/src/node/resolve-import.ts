// Where `import "name"` in a module of some folder leads. No runtime tells for another folder than its own (`import.meta.resolve`), and `require.resolve`
// reads packages as CommonJS does, which finds nothing in one that is made to be imported. Hence the algorithm of nodejs.org/api/esm.html, for packages.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

type Exports = string | null | readonly Exports[] | { readonly [key: string]: Exports };

interface Manifest {
  readonly name?: string;
  readonly exports?: Exports;
}

/** Conditions of `exports` that hold for an import, besides "default". */
const conditions = new Set(["node", "import", "module-sync", ...["bun", "deno"].filter((runtime) => runtime in process.versions)]);

/** The file of a package, or of a path within one, as modules in `folder` import it; what only `require` finds is found as well. Throws as `require.resolve`. */
export function resolveImport(specifier: string, folder: string): string {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
  const found = name === undefined ? undefined : packageFrom(name, resolve(folder));
  const target = found?.exports && exported(found.exports, `.${rest}`);
  if (found && target) return realpathSync(join(found.folder, target));
  return createRequire(resolve(folder, "noop.js")).resolve(specifier);
}

/** The package that contains `folder`, if it has that name and exports; else the nearest one in a folder node_modules. */
function packageFrom(name: string, folder: string): { folder: string; exports: Exports | undefined } | undefined {
  const above = [folder];
  for (let at = folder; dirname(at) !== at;) above.push((at = dirname(at)));
  const own = above.find((at) => existsSync(join(at, "package.json")));
  const self = own === undefined ? {} : manifestOf(own);
  if (own !== undefined && self.name === name && self.exports) return { folder: own, exports: self.exports };
  const installed = above.map((at) => join(at, "node_modules", name)).find((at) => existsSync(at));
  return installed === undefined ? undefined : { folder: installed, exports: manifestOf(installed).exports };
}

function manifestOf(folder: string): Manifest {
  const path = join(folder, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : {};
}

/** The file that `exports` gives for "." or "./path", relative to the package. */
function exported(exports: Exports, subpath: string): string | undefined {
  const entries: Readonly<Record<string, Exports>> = hasSubpaths(exports) ? exports : { ".": exports };
  if (Object.hasOwn(entries, subpath) && !subpath.includes("*")) return chosen(entries[subpath]);
  const patterns = Object.keys(entries).flatMap((key) => {
    const [start, end, ...more] = key.split("*");
    const fits = end !== undefined && more.length === 0 && subpath.startsWith(start) && subpath.endsWith(end);
    return fits && subpath.length >= key.length ? [{ key, start, end }] : [];
  });
  const [best] = patterns.sort((a, b) => b.start.length - a.start.length || b.key.length - a.key.length);
  return best && chosen(entries[best.key])?.replaceAll("*", subpath.slice(best.start.length, subpath.length - best.end.length));
}

function hasSubpaths(exports: Exports): exports is { readonly [key: string]: Exports } {
  return typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."));
}

/** The first target whose conditions hold. */
function chosen(target: Exports): string | undefined {
  if (typeof target === "string") return target.startsWith("./") ? target : undefined;
  if (target === null) return undefined;
  const options = Array.isArray(target)
    ? (target as readonly Exports[])
    : Object.entries(target).flatMap(([condition, one]) => (condition === "default" || conditions.has(condition) ? [one] : []));
  for (const option of options) {
    const found = chosen(option);
    if (found !== undefined) return found;
  }
  return undefined;
}
