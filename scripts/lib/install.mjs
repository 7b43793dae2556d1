// Dependencies: pnpm through npx with a frozen lockfile, only when the lockfile or a package.json changed since the last time.
// Returns the Node that everything else runs under: the pinned one where it comes as a dependency, else an installed Node 24 or later.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { runLogged } from "./exec.mjs";
import { hashFiles } from "./hash.mjs";
import { exclusively } from "./lock.mjs";
import { inRoot, readJson, root } from "./paths.mjs";
import { SetupError, say, since } from "./say.mjs";

const stamp = inRoot("node_modules", ".attune-install.json");
const pinned = inRoot("node_modules", ".bin", "node");

/** Installs if needed; resolves to the path of the Node to run under. */
export async function ensureInstalled() {
  return installedNode() ?? exclusively(async () => installedNode() ?? install());
}

function installedNode() {
  const done = readJson(stamp);
  return done?.key === installKey() && existsSync(done.node) ? done.node : undefined;
}

function installKey() {
  const workspaces = ["packages", "plugins"].flatMap((folder) => readdirSync(inRoot(folder)).map((name) => `${folder}/${name}`));
  const manifests = [".", "benchmarks", ...workspaces.sort()].map((folder) => `${folder}/package.json`);
  return hashFiles(root, ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests], [process.platform, process.arch]);
}

async function install() {
  const start = Date.now();
  const key = installKey();
  const pnpm = readJson(inRoot("package.json")).packageManager;
  say("installing dependencies (needed once, and when they change) …");
  const windows = process.platform === "win32";
  const result = await runLogged("install", windows ? "npx.cmd" : "npx", ["-y", pnpm, "install", "--frozen-lockfile"], {
    cwd: root,
    shell: windows,
    // CI: pnpm asks no questions. The log level of `npm run -s` would silence the reason of a failure.
    env: { ...process.env, CI: "true", npm_config_loglevel: "notice" },
  });
  if (result.missing)
    throw new SetupError("npx was not found, and dependencies are installed through it. Hint: install npm, which comes with Node.");
  if (!result.ok) throw new SetupError(`dependencies could not be installed; the end of ${result.log}:\n${result.tail}`);
  const node = chooseNode();
  writeFileSync(stamp, JSON.stringify({ key, node }));
  say(`dependencies installed in ${since(start)}`);
  return node;
}

/** The pinned Node if it runs on this machine, else the running one if it is new enough to run the sources: they say `using`, which Node 22 lacks. */
function chooseNode() {
  if (existsSync(pinned) && spawnSync(pinned, ["-v"]).status === 0) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  throw new SetupError(
    `a checkout runs its TypeScript sources under Node 24 or later, which is not installed along on ${process.platform} ${process.arch}; ` +
      `this is Node ${process.versions.node}. Hint: start the command with Node 24 (https://nodejs.org).`,
  );
}
