// The check before a release, tried on a miniature workspace.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "./lib/workspace.ts";

const entry = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };
const platforms = ["linux-x64", "linux-arm64", "darwin-arm64"];

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "attune-release-"));
  cpSync(join(root, "scripts"), join(checkout, "scripts"), { recursive: true });
  const publishConfig = { exports: entry, bin: { it: "./dist/cli.js" }, imports: { "#x": { browser: "./dist/b.js" } } };
  file("packages/it/package.json", JSON.stringify({ publishConfig }));
  file("plugins/backend-cpu/package.json", JSON.stringify({ publishConfig: { exports: entry } }));
  for (const name of ["index.js", "index.d.ts", "cli.js", "b.js"]) file(`packages/it/dist/${name}`);
  for (const name of ["index.js", "index.d.ts"]) file(`plugins/backend-cpu/dist/${name}`);
  for (const platform of platforms) file(`plugins/backend-cpu/prebuilds/${platform}/addon.node`);
  file(".changeset/README.md");
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function file(path: string, text = ""): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

function check() {
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, "scripts", "check-release.mjs")], { encoding: "utf8" });
  return { status, said: stderr };
}

test("a workspace with everything in it is ready", () => {
  expect(check()).toEqual({ status: 0, said: "attune: 2 packages are ready for a release\n" });
});

test("a file that the published manifest names and nobody built is named", () => {
  rmSync(join(checkout, "packages/it/dist"), { recursive: true });
  file("packages/it/dist/index.js");
  const { status, said } = check();
  expect(status).toBe(1);
  expect(said).toContain("packages/it lacks ./dist/index.d.ts, ./dist/cli.js, ./dist/b.js: npm run build");
});

test("a platform without its binary is named", () => {
  rmSync(join(checkout, "plugins/backend-cpu/prebuilds/linux-arm64/addon.node"));
  rmSync(join(checkout, "plugins/backend-cpu/prebuilds/darwin-arm64"), { recursive: true });
  const { status, said } = check();
  expect(status).toBe(1);
  expect(said).toContain("plugins/backend-cpu lacks its binary for linux-arm64, darwin-arm64 (");
});

test("changesets that are in no version yet stop a release", () => {
  file(".changeset/a-change.md");
  expect(check()).toMatchObject({ status: 1, said: expect.stringContaining("1 changesets are in no version yet") });
});

test("the platforms are those that the workflow compiles for", () => {
  const workflow = readFileSync(join(root, ".github", "workflows", "prebuild.yml"), "utf8");
  expect([...workflow.matchAll(/platform: ([\w-]+)/g)].map(([, platform]) => platform)).toEqual(platforms);
});
