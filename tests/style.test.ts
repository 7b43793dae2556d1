// House rules that no linter knows, with the file and line where one is broken.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shown, workspacePackages } from "./lib/workspace.ts";

const packages = workspacePackages();
const sources = packages.flatMap((p) => p.sources);
const all = [...sources, ...packages.flatMap((p) => p.tests)];

/** `file:line` of each line of `files` that `breaks` accepts; comments are left out. */
function places(files: readonly string[], breaks: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, i) => (!/^\s*(\/\/|\*|\/\*)/.test(line) && breaks.test(line) ? [`${shown(file)}:${i + 1}`] : [])),
  );
}

test("no file is over 400 lines", () => {
  const lengths = all.map((file) => [shown(file), readFileSync(file, "utf8").split("\n").length] as const);
  expect(lengths.filter(([, lines]) => lines > 400)).toEqual([]);
});

test("no console outside the command line", () => {
  const outside = sources.filter((file) => !shown(file).startsWith("packages/attune/src/cli/"));
  expect(places(outside, /\bconsole\./)).toEqual([]);
});

test("no any", () => {
  expect(places(all, /(: any\b|<any\b|\bas any\b|@ts-ignore|@ts-nocheck)/)).toEqual([]);
});

test("no default export except a plugin's entry", () => {
  const others = sources.filter((file) => !/^plugins\/[^/]+\/src\/index\.ts$/.test(shown(file)));
  expect(places(others, /^export default\b/)).toEqual([]);
});

test("no top-level await in packages", () => {
  const libraries = sources.filter((file) => !shown(file).startsWith("packages/attune/src/cli/"));
  expect(places(libraries, /^(const .* = )?await /)).toEqual([]);
});

test("file names are kebab-case", () => {
  expect(all.map(shown).filter((file) => !/\/_?[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-d))?\.ts$/.test(file))).toEqual([]);
});

test("a source file opens with what it is for", () => {
  const silent = sources.filter((file) => !/^(#!.*\n)?(\/\/ |\/\*\*? ?)/.test(readFileSync(file, "utf8")));
  expect(silent.map(shown).filter((file) => !file.endsWith("/src/index.ts"))).toEqual([]);
});

test("no path of one machine and no unfinished-work words", () => {
  expect(places(all, /(["'`\s(])\/(root|work|home)\//)).toEqual([]);
  expect(places(all, /\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented/i)).toEqual([]);
});
