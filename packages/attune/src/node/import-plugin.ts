// Third-party plugins by module name or path, as the user's own project resolves them.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError, type Plugin } from "@attune/core";
import { isPlugin } from "../plugin-exports.ts";

/** The plugins that a module exports as default, one or a list. E_PLUGIN when it cannot be loaded or exports something else. */
export async function importPlugins(specifier: string, folder = process.cwd()): Promise<Plugin[]> {
  const exported = await importDefault(specifier, folder);
  const plugins = Array.isArray(exported) ? exported : [exported];
  if (plugins.length > 0 && plugins.every(isPlugin)) return plugins;
  throw new AttuneError({
    code: "E_PLUGIN",
    place: `--plugin ${specifier}`,
    problem: "does not export a plugin",
    hint: "its default export must be what definePlugin or defineLoss returns, or a list of such",
  });
}

async function importDefault(specifier: string, folder: string): Promise<unknown> {
  try {
    const path = /^[./]|^[A-Za-z]:/.test(specifier)
      ? resolve(folder, specifier)
      : createRequire(resolve(folder, "noop.js")).resolve(specifier);
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return module.default;
  } catch (cause) {
    throw new AttuneError({
      code: "E_PLUGIN",
      place: `--plugin ${specifier}`,
      problem: `cannot be loaded: ${(cause as Error).message.split("\n")[0].replace(/ imported from .*$/, "")}`,
      hint: "give an installed package, or the path of a module (./my-loss.ts)",
      cause,
    });
  }
}
