// Golden numbers: results of PyTorch and of peers, with the scripts that made them. Small files are copied to fixtures/golden; large ones are
// read from a `shared` folder beside the repository, and a test that does not find its file is skipped visibly.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Nested lists of numbers, in which NaN and infinities are strings. */
export type Nested = number | string | readonly Nested[];

/** Where a golden file is, or why it cannot be read. */
export type Golden = { readonly path: string; readonly missing?: undefined } | { readonly path?: undefined; readonly missing: string };

/** Finds `name` ("ops/softmax.json"): in fixtures/golden first, else in ../shared/golden. */
export function findGolden(name: string): Golden {
  const root = repositoryRoot();
  const places = [join(root, "fixtures", "golden", name), join(root, "..", "shared", "golden", name)];
  const path = places.find((place) => existsSync(place));
  return path ? { path } : { missing: `golden file ${name} is neither in fixtures/golden nor in ../shared/golden` };
}

/** The file's JSON. When it is absent, `skip` (a test context's) is called with the reason, and has to end the test by throwing. */
export function readGolden<T>(name: string, skip: (reason: string) => never): T {
  const { path, missing } = findGolden(name);
  return path ? (JSON.parse(readFileSync(path, "utf8")) as T) : skip(missing ?? name);
}

/** The numbers of nested lists in order, with "NaN", "Infinity" and "-Infinity" as numbers. */
export function flatten(nested: Nested): number[] {
  if (typeof nested === "object") return nested.flatMap(flatten);
  return [Number(nested)];
}

/** `flatten` for inputs: those meant to lie on the grid k/1024 are put back there, from the nine digits that the file holds. */
export function flattenInputs(nested: Nested): number[] {
  return flatten(nested).map((value) => {
    const snapped = Math.round(value * 1024) / 1024;
    return Math.abs(snapped - value) <= 5e-9 * Math.abs(value) ? snapped : value;
  });
}

/** The lengths of nested lists; [] for a number. */
export function shapeOfNested(nested: Nested): number[] {
  if (typeof nested !== "object") return [];
  return [nested.length, ...(nested.length > 0 ? shapeOfNested(nested[0]) : [])];
}

/** The folder that holds the workspace file, going up from this one; the working directory outside of the repository. */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "pnpm-workspace.yaml"))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}
