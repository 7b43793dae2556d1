// What must lie in the packages before they are published: packing takes what is there and never misses what is not.
// Says all that is missing and exits with 1; `.github/workflows/release.yml` runs it between the build and the publication.

import { existsSync, readdirSync } from "node:fs";
import { inRoot, readJson } from "./lib/paths.mjs";
import { say } from "./lib/say.mjs";

/** Where .github/workflows/prebuild.yml compiles the native backend. */
const platforms = ["linux-x64", "linux-arm64", "darwin-arm64"];

const folders = ["packages", "plugins"].flatMap((parent) => readdirSync(inRoot(parent)).map((name) => `${parent}/${name}`));
const published = folders.map((folder) => [folder, readJson(inRoot(folder, "package.json"))]).filter(([, manifest]) => manifest);

/** The files that a published package.json names: entries, types, commands and what "#…" stands for. */
function filesNamed({ publishConfig = {} }) {
  const { exports, bin, imports } = publishConfig;
  return [exports, bin, imports].flatMap(leaves);
}

const leaves = (value) => (typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(leaves));

function missingIn([folder, manifest]) {
  const missing = filesNamed(manifest).filter((file) => !existsSync(inRoot(folder, file)));
  return missing.length === 0 ? [] : [`${folder} lacks ${missing.join(", ")}: npm run build makes them`];
}

function missingBinaries() {
  const place = (platform) => inRoot("plugins", "backend-cpu", "prebuilds", platform);
  const holds = (platform) => existsSync(place(platform)) && readdirSync(place(platform)).some((name) => name.endsWith(".node"));
  const missing = platforms.filter((platform) => !holds(platform));
  if (missing.length === 0) return [];
  return [`plugins/backend-cpu lacks its binary for ${missing.join(", ")} (prebuilds/PLATFORM/*.node): the workflow prebuild makes them`];
}

function waitingChangesets() {
  const waiting = readdirSync(inRoot(".changeset")).filter((name) => name.endsWith(".md") && name !== "README.md");
  return waiting.length === 0
    ? []
    : [`${waiting.length} changesets are in no version yet: npx changeset version, and commit what it writes`];
}

const problems = [...published.flatMap(missingIn), ...missingBinaries(), ...waitingChangesets()];
for (const problem of problems) say(problem);
say(problems.length > 0 ? "not ready for a release" : `${published.length} packages are ready for a release`);
process.exitCode = problems.length > 0 ? 1 : 0;
