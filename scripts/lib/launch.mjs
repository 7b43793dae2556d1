// Hands the process over to the command. Where Node can replace itself (22.15 and later, not on Windows) nothing stays in between, so signals
// and the exit status need no care; elsewhere (the first run under an older Node) a small supervisor passes both on.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** Runs `node argv…` in `folder` in place of this process. */
export async function become(node, argv, folder) {
  const args = ["--disable-warning=ExperimentalWarning", ...argv];
  if (process.execve && process.platform !== "win32") {
    process.chdir(folder);
    process.removeAllListeners("warning"); // execve is still called experimental, which is no news for a user
    process.execve(node, [node, ...args], { ...process.env, PWD: folder });
  }
  process.exitCode = await supervise(spawn(node, args, { cwd: folder, stdio: "inherit" }));
}

function supervise(child) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !terminalReachesChild()) child.kill(signal);
    });
  }
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** A terminal sends Ctrl-C to its whole foreground group, the child included: passing it on would make two. */
function terminalReachesChild() {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = fields.slice(fields.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return process.stdin.isTTY === true;
  }
}
