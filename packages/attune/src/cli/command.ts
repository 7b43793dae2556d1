// What a command is, and what it is given. Commands write results to stdout and everything for a person to the terminal.

import type { ExitStatus } from "./errors.ts";
import type { Flag } from "./arguments.ts";
import type { Sink, Terminal } from "./terminal.ts";

export interface Io {
  /** What is piped in, for `--input -`. */
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Sink;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  run(flags: readonly Flag[], io: Io): Promise<ExitStatus>;
  /** Generated from schemas, and from those of the plugins of `modules`, too. */
  help(modules: readonly string[]): Promise<string>;
}

/** One JSON object on a line of its own. */
export function writeJson({ stdout }: Io, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}
