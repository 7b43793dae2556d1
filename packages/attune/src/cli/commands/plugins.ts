// `attune plugins`: what is registered, kind by kind, with options and availability.

import type { Plugin, Registry } from "@attune/core";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { deviceSettings } from "../../settings/device-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command } from "../command.ts";
import { helpText } from "../help.ts";
import { resolveSettings } from "../options.ts";
import { fieldsOf } from "../schema-fields.ts";

const settingsSchema = z.strictObject({ plugins: deviceSettings.plugins });
const switches = { json: "one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const listed = await Promise.all(registry.list().map((plugin) => describe(plugin, registry)));
    if (on.has("json")) writeJson(io, { plugins: listed });
    else io.stdout.write(`${lines(listed).join("\n")}\n`);
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune plugins [options]",
      summary: "Lists what is registered, kind by kind, with options.",
      schema: settingsSchema,
      switches,
    });
  },
};

interface Described {
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
  readonly available: true | string;
  readonly options: readonly {
    name: string;
    type: string;
    choices?: readonly string[];
    default?: unknown;
    required: boolean;
    description: string;
  }[];
}

async function describe({ kind, name, summary, options }: Plugin, registry: Registry): Promise<Described> {
  const fields = fieldsOf(options).map(({ key, type, choices, fallback, required, description }) => ({
    name: key,
    type,
    ...(choices && { choices }),
    ...(fallback !== undefined && { default: fallback }),
    required,
    description,
  }));
  return { kind, name, summary, available: await registry.available(kind, name), options: fields };
}

function lines(plugins: readonly Described[]): string[] {
  return [...Map.groupBy(plugins, ({ kind }) => kind)].flatMap(([kind, ofKind]) => [kind, ...ofKind.flatMap(pluginLines), ""]).slice(0, -1);
}

function pluginLines({ name, summary, available, options }: Described): string[] {
  const head = `  ${name.padEnd(19)} ${summary}${available === true ? "" : `   (not available: ${available})`}`;
  const listed = options.map(({ name, description, choices, default: fallback }) => {
    const known = choices ? ` [${choices.join(" | ")}]` : "";
    return `      ${name.padEnd(19)} ${description}${known}${fallback === undefined ? "" : ` (${JSON.stringify(fallback)})`}`;
  });
  return [head, ...listed];
}
