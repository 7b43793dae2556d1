// The way in. Everything comes by arguments, so that tests run it in their own process; what needs no command is answered here,
// before anything else is loaded.

import { attuneVersion } from "../node/version.ts";
import type { Io } from "./command.ts";
import { commands } from "./commands.ts";
import type { ExitStatus } from "./errors.ts";

/** Runs `attune ...words`. Never throws: a failure is told on the terminal and is the status. With `debug` its stack, too. */
export async function run(words: readonly string[], io: Io, { debug = false }: { debug?: boolean } = {}): Promise<ExitStatus> {
  const [first, second] = words;
  if (first === undefined || (["help", "--help", "-h"].includes(first) && second === undefined)) io.stdout.write(overview());
  else if (["version", "--version", "-v"].includes(first)) io.stdout.write(`${attuneVersion()}\n`);
  else return (await import("./dispatch.ts")).dispatch(words, io, { debug });
  return 0;
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const listed = Object.entries(commands).map(([name, { summary }]) => `  attune ${name.padEnd(width)}   ${summary}`);
  return [
    `attune ${attuneVersion()}: fine-tune text-embedding models, without Python`,
    "",
    ...listed,
    "",
    "  attune COMMAND --help   all options of a command",
    "  --json                  one JSON object on stdout, for machines; progress always goes to stderr",
    "",
  ].join("\n");
}
