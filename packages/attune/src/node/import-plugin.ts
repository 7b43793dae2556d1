// Third-party plugins by module name or path, as the user's own project resolves them.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError, type Plugin } from "@attune/core";
import { isModulePath, pluginsIn } from "../plugin-exports.ts";
import { resolveImport } from "./resolve-import.ts";

/** The plugins that a module exports, under whatever names. E_PLUGIN when it cannot be loaded or exports none. */
export async function importPlugins(specifier: string, folder = process.cwd()): Promise<Plugin[]> {
  const plugins = pluginsIn(await importModule(specifier, folder));
  if (plugins.length > 0) return plugins;
  throw new AttuneError({
    code: "E_PLUGIN",
    place: `--plugin ${specifier}`,
    problem: "exports no plugin",
    hint: "export what definePlugin or defineLoss returns, under any name, or a list of such",
  });
}

async function importModule(specifier: string, folder: string): Promise<object> {
  try {
    const path = isModulePath(specifier) ? resolve(folder, specifier) : resolveImport(specifier, folder);
    return (await import(pathToFileURL(path).href)) as object;
  } catch (cause) {
    throw new AttuneError({
      code: "E_PLUGIN",
      place: `--plugin ${specifier}`,
      problem: `cannot be loaded: ${messageOf(cause)
        .split("\n")[0]
        .replace(/ imported from .*$/, "")}`,
      hint: "give an installed package, or the path of a module (./my-loss.ts)",
      cause,
    });
  }
}

/** A module may throw anything. */
function messageOf(thrown: unknown): string {
  const message = (thrown as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === "string" ? message : String(thrown);
}
