// `npm run build [folder…]`: packages to dist, as they are published: types by tsc, code in few files by rolldown. Types come from the sources, so
// order does not matter; they are checked by `npm run typecheck`, once for the whole workspace instead of once for each package.

import { spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { bundle, canBeBundled } from "./lib/bundle.mjs";
import { inRoot, root } from "./lib/paths.mjs";

const tsc = inRoot("node_modules", "typescript", "bin", "tsc");
const all = ["packages", "plugins"].flatMap((parent) => readdirSync(inRoot(parent)).map((name) => `${parent}/${name}`));
const chosen = process.argv.slice(2);
const queue = (chosen.length > 0 ? chosen : all).filter((folder) => existsSync(inRoot(folder, "tsconfig.json")));

async function compile(folder) {
  rmSync(inRoot(folder, "dist"), { recursive: true, force: true }); // what a deleted source left behind must not be published
  const bundled = canBeBundled(folder);
  const compiled = await runTsc(folder, bundled ? ["--emitDeclarationOnly", "--sourceMap", "false", "--inlineSources", "false"] : []);
  const written = compiled && (!bundled || (await bundle(folder)));
  return written ? [] : [folder];
}

function runTsc(folder, flags) {
  return new Promise((resolve) => {
    const args = [tsc, "-p", `${folder}/tsconfig.json`, "--noCheck", ...flags];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
    child.once("exit", (code) => resolve(code === 0));
  });
}

async function drain() {
  const failed = [];
  for (let folder = queue.shift(); folder; folder = queue.shift()) failed.push(...(await compile(folder)));
  return failed;
}

/** The quickstart's data travel inside the published package; the scripts that made them stay here. */
function copyQuickstart() {
  const target = inRoot("packages", "attune", "fixtures");
  const isData = (path) => !path.endsWith(".ts") && !path.endsWith("phrases");
  rmSync(target, { recursive: true, force: true });
  cpSync(inRoot("fixtures", "quickstart"), `${target}/quickstart`, { recursive: true, filter: isData });
}

copyQuickstart();
const failed = (await Promise.all(Array.from({ length: availableParallelism() }, drain))).flat();
if (failed.length > 0) {
  console.error(`build failed in ${failed.join(", ")}`);
  process.exitCode = 1;
}
