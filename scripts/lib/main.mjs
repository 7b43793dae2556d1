// The order of things: find the command, install, build the addon if the command computes, hand over. Failures are one sentence, never a stack trace.

import { ensureAddon, ensureHnswlib } from "./addon.mjs";
import { commands } from "./commands.mjs";
import { ensureInstalled } from "./install.mjs";
import { become } from "./launch.mjs";
import { SetupError, say } from "./say.mjs";

/** Runs one command of the table; the process ends with its exit status. */
export async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
  if (!command) {
    say(`${name ? `"${name}" is no command` : "no command given"}. Commands: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  try {
    const node = await ensureInstalled();
    if (command.addon) await ensureAddon(node, { again: command.addon === "again" });
    if (command.hnswlib) await ensureHnswlib(node);
    await become(node, command.argv(args), command.folder());
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
