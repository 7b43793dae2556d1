// Runs a tool of the set-up quietly: its output goes to a log file and is shown, last lines only, when it fails.

import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cache } from "./paths.mjs";

/** Runs `file args…` with output to `.cache/<name>.log`. Resolves to {ok, log, tail, missing}; never rejects. */
export function runLogged(name, file, args, options) {
  mkdirSync(cache, { recursive: true });
  const log = join(cache, `${name}.log`);
  const out = openSync(log, "w");
  return new Promise((resolve) => {
    const child = spawn(file, args, { ...options, stdio: ["ignore", out, out] });
    const done = (ok, missing = false) => {
      closeSync(out);
      resolve({ ok, log, missing, tail: ok ? "" : tailOf(log) });
    };
    child.once("error", () => done(false, true));
    child.once("exit", (code) => done(code === 0));
  });
}

/** The first of `names` that is on the PATH (or is a path itself), or undefined. */
export function firstTool(names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.find(
    (name) =>
      name && [name, ...folders.map((folder) => join(folder, name))].some((path, i) => (i > 0 || path.includes("/")) && executable(path)),
  );
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The last lines of a log, without node-gyp's and make's report about themselves where anything else was said. */
function tailOf(log, count = 15) {
  const lines = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const telling = lines.filter((line) => !/^(gyp |make(\[\d+\])?:|npm (warn|notice) )/.test(line));
  return (telling.length > 0 ? telling : lines)
    .slice(-count)
    .map((line) => `  | ${line}`)
    .join("\n");
}
