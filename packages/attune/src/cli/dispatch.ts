// From a command line with a command in it to an exit status.

import { AttuneError, nearestName } from "@attune/core";
import { modulesOf, parseFlags } from "./arguments.ts";
import type { Io } from "./command.ts";
import { commands } from "./commands.ts";
import { describeError, isAbort, statusOf } from "./errors.ts";
import type { ExitStatus } from "./errors.ts";

/** Runs the command. Never throws: a failure is told on the terminal and is the status. */
export async function dispatch(words: readonly string[], io: Io, { debug }: { debug: boolean }): Promise<ExitStatus> {
  try {
    return await runCommand(words, io);
  } catch (error) {
    const status = statusOf(error, io.signal);
    if (status === 130 && isAbort(error)) io.terminal.line("stopped.");
    else for (const line of describeError(error, { debug })) io.terminal.line(line);
    return status;
  }
}

async function runCommand([name, ...rest]: readonly string[], io: Io): Promise<ExitStatus> {
  if (["help", "--help", "-h"].includes(name)) {
    io.stdout.write(await helpFor(rest[0], []));
    return 0;
  }
  const entry = entryOf(name);
  const flags = parseFlags(
    rest.map((word) => (word === "-h" ? "--help" : word)),
    entry.first,
  );
  if (flags.some((flag) => flag.name === "help")) {
    io.stdout.write(await helpFor(name, modulesOf(flags)));
    return 0;
  }
  const { command } = await entry.load();
  return command.run(flags, io);
}

function entryOf(name: string) {
  if (Object.hasOwn(commands, name)) return commands[name];
  const nearest = nearestName(name, Object.keys(commands));
  const known = Object.keys(commands).join(", ");
  if (name.startsWith("-"))
    throw new AttuneError({
      code: "E_OPTION",
      place: `${name}:`,
      problem: "the command comes first",
      hint: `attune COMMAND --option …; commands: ${known}`,
    });
  throw new AttuneError({
    code: "E_COMMAND",
    place: `${name}:`,
    problem: `no such command.${nearest ? ` Did you mean ${nearest}?` : ""}`,
    hint: `commands: ${known}`,
  });
}

async function helpFor(name: string, modules: readonly string[]): Promise<string> {
  const { command } = await entryOf(name).load();
  return command.help(modules);
}
