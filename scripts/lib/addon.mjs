// The native CPU backend: compiled by node-gyp when its sources changed since the last time. Without a compiler, or when compiling fails,
// it says why and lets the command go on: attune then computes with its TypeScript backend, which is slow but complete.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { firstTool, runLogged } from "./exec.mjs";
import { filesBelow, hashFiles } from "./hash.mjs";
import { exclusively } from "./lock.mjs";
import { addonFolder, inRoot, readJson } from "./paths.mjs";
import { say, since } from "./say.mjs";

const build = join(addonFolder, "build");
const stamp = join(build, "attune-build.json");
const isNativeSource = (name) => /\.(gyp|gypi|c|cc|cpp|h|hpp|inc|S|asm)$/.test(name);
const notSources = new Set(["node_modules", "build", "dist", "prebuilds"]);
const slow = "the TypeScript backend is used instead (correct, but many times slower)";

/** Builds the addon if needed. `again` also retries a build that failed with the same sources. Never throws for a build that fails. */
export async function ensureAddon(node, { again = false } = {}) {
  if (!existsSync(join(addonFolder, "binding.gyp"))) return say(`no native sources in ${addonFolder}: ${slow}`);
  const key = hashFiles(addonFolder, filesBelow(addonFolder, isNativeSource, notSources), [
    process.platform,
    process.arch,
    process.env.CXXFLAGS ?? "",
  ]);
  const upToDate = () => (readJson(stamp)?.key === key ? readJson(stamp) : undefined);
  const settled = () => {
    const done = upToDate();
    return done?.ok || (done && !again) ? done : undefined;
  };
  const missing = settled()?.ok ? [] : missingTools();
  if (missing.length > 0)
    return say(
      `${missing.join(", ")} not found, so the native CPU backend is not built: ${slow}. Hint: on Debian or Ubuntu, apt-get install build-essential python3.`,
    );
  const done = settled() ?? (await exclusively(async () => settled() ?? compile(node, key)));
  if (!done.ok) say(`the native CPU backend did not build here: ${slow}. The log is ${done.log}; npm run build tries again.`);
}

/**
 * hnswlib-node, which comes as sources, for the tests of index-hnsw; they are skipped where it cannot be compiled. Installing it does not compile
 * it: that would need a compiler and Node's headers before there are any.
 */
export async function ensureHnswlib(node) {
  const place = inRoot("plugins", "index-hnsw", "node_modules", "hnswlib-node");
  if (!existsSync(place)) return;
  const folder = realpathSync(place);
  const isBuilt = () => existsSync(join(folder, "build", "Release", "addon.node"));
  if (isBuilt() || missingTools().length > 0) return;
  await exclusively(async () => {
    if (isBuilt()) return;
    const { ok, log } = await nodeGyp(node, folder, "hnswlib");
    if (!ok) say(`hnswlib-node did not build here, so the tests of index-hnsw are skipped. The log is ${log}.`);
  });
}

function missingTools() {
  const needed = {
    "a C++ compiler": [process.env.CXX, "g++", "c++", "clang++"],
    make: ["make", "gmake"],
    python3: [process.env.PYTHON, "python3", "python"],
  };
  if (process.platform === "win32") return []; // node-gyp finds Visual Studio itself and says what it lacks
  return Object.keys(needed).filter((tool) => !firstTool(needed[tool]));
}

async function compile(node, key) {
  const start = Date.now();
  say("building the native CPU backend (needed once, and when its sources change) …");
  const result = await nodeGyp(node, addonFolder, "addon");
  const loaded = result.ok ? loads(node) : { ok: false, reason: result.tail };
  const done = { key, ok: loaded.ok, log: result.log };
  mkdirSync(build, { recursive: true });
  writeFileSync(stamp, JSON.stringify(done));
  say(loaded.ok ? `native CPU backend built in ${since(start)}` : `building the native CPU backend failed:\n${loaded.reason}`);
  return done;
}

/** Compiles the addon of a folder against the headers of `node`. */
function nodeGyp(node, folder, log) {
  return withHeaders(node, (headers) => runNodeGyp(node, headers, folder, log));
}

function runNodeGyp(node, headers, folder, log) {
  // npm's own settings would be read as options of node-gyp; only the few that it needs are given.
  const inherited = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  const compiler = process.env.CXX ?? firstTool(["g++", "c++", "clang++"]);
  const env = { ...Object.fromEntries(inherited), ...(compiler && { CXX: compiler }), ...(headers && { npm_config_nodedir: headers }) };
  const gyp = join(addonFolder, "node_modules", "node-gyp", "bin", "node-gyp.js");
  return runLogged(log, node, [gyp, "configure", "build", "--jobs=max"], { cwd: folder, env });
}

/** Calls `use` with the folder of Node's headers, by a name without spaces (make takes none); undefined leaves them to node-gyp. */
async function withHeaders(node, use) {
  const home = dirname(dirname(realpathSync(node)));
  if (!existsSync(join(home, "include", "node", "node_api.h"))) return use(undefined);
  if (!home.includes(" ")) return use(home);
  const link = join(tmpdir(), `attune-headers-${process.pid}`);
  symlinkSync(home, link);
  try {
    return await use(link);
  } finally {
    rmSync(link);
  }
}

/** Whether what was built can be loaded: a binary that links against something absent is a failed build. */
function loads(node) {
  const folder = join(build, "Release");
  const files = existsSync(folder) ? filesBelow(folder, (name) => name.endsWith(".node"), new Set(["obj.target", ".deps"])) : [];
  if (files.length === 0) return { ok: false, reason: `  | node-gyp made no .node file in ${folder}` };
  const { status, stderr } = spawnSync(node, ["-e", "process.dlopen({ exports: {} }, process.argv[1])", join(folder, files[0])], {
    encoding: "utf8",
  });
  const reason = /Error: .*/.exec(stderr)?.[0] ?? stderr;
  return status === 0 ? { ok: true } : { ok: false, reason: `  | ${reason}` };
}
