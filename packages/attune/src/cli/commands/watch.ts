// `attune watch`: the report of a training as a live page on this machine, while it runs and after.

import { createRegistry } from "@attune/core";
import { z } from "zod";
import { isAlive } from "../../node/processes.ts";
import { serveWatch } from "../../node/watch-server.ts";
import { findRun, livePage, stateOfRun } from "../../report/run-folder.ts";
import { openFiles } from "../../runtime.ts";
import { takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command } from "../command.ts";
import { helpText } from "../help.ts";
import { resolveSettings } from "../options.ts";

const settingsSchema = z.strictObject({
  run: z.string().min(1).describe("output folder of a training that runs or has ended"),
  port: z.int().min(0).max(65535).default(0).describe("port of 127.0.0.1; any free one when left out"),
});

const switches = { json: "one JSON object with the address on stdout, when the page can be opened" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const settings = resolveSettings(rest, { schema: settingsSchema, registry: createRegistry(), switches: Object.keys(switches) });
    const files = await openFiles();
    const run = await findRun(files, settings.run);
    const page = { state: () => stateOfRun(files, run, isAlive), render: () => livePage(files, run, isAlive) };
    await using server = await serveWatch(page, settings.port);
    io.terminal.fact("watching", `${run}   ${server.url}   (on this machine only; Ctrl-C ends)`);
    if (on.has("json")) writeJson(io, { run, url: server.url });
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune watch DIR [options]",
      summary:
        "Shows the report of a training in a browser while it runs: curves, metrics, warnings, settings. Only this machine can open the page.",
      schema: settingsSchema,
      switches,
      examples: ["attune watch tuned", "attune watch tuned --port 8080"],
    });
  },
};
