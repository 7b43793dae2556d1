#!/usr/bin/env node
// The command `attune`. Connects the process (streams, signals, exit status) with the commands; loads nothing heavy itself.

import * as modules from "node:module";
import { addAbortSignal } from "node:stream";
import type { Io } from "./command.ts";
import { run } from "./run.ts";
import { createTerminal } from "./terminal.ts";

// What commands load is compiled once and kept by Node, in its own folder for that (NODE_COMPILE_CACHE names another); Bun and Deno have none.
modules.enableCompileCache?.();

/** Milliseconds until a command that was told to stop says that it is about to. */
const PATIENCE = 150;

const controller = new AbortController();
const io: Io = {
  get stdin() {
    return addAbortSignal(controller.signal, process.stdin); // opened by those who read it
  },
  stdout: process.stdout,
  terminal: createTerminal(process.stderr),
  signal: controller.signal,
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // A connection that drops may say so twice, by the system and by the shell; nobody is there to be impatient.
    if (controller.signal.aborted && signal === "SIGHUP") return;
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    // What ends at once needs no words.
    setTimeout(() => io.terminal.line("stopping after the step under way; once more to stop at once …"), PATIENCE).unref();
  });
}

// Whoever reads the output may have seen enough (`attune encode … | head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  io.terminal.line(`error E_OUTPUT  stdout cannot be written: ${error.message.split(",")[0]}.`);
  process.exit(1);
});

// Work goes on when nobody can read how it goes.
process.stderr.on("error", () => {});

process.exitCode = await run(process.argv.slice(2), io, { debug: process.env.ATTUNE_DEBUG === "1" });
